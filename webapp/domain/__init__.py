"""What happens: verbs over several rows, each in one transaction. Pure of Flask and of clocks."""
