"""Speed and quality of the product as it is, one command: `make bench`. Not in the wheel."""
