"""The command line: parse words, call the node, print its answer for a person or for a program."""
