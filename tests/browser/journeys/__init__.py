"""What people do with Carnet from beginning to end, in a real browser. On every stop the page is accessible and fits,
and at the end the books are right."""
