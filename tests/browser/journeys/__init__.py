"""What people do with Carnet from beginning to end, in a real browser. On every stop the page fits, and where
test_every_screen does not show the same it is accessible; at the end the books are right."""
