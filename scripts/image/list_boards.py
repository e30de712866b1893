"""Prints the boards."""

import board as boards

for name in boards.names():
    board = boards.load(name)
    print(f"{name:16} {board.architecture:6} run on: {board.tested:10} {board.title}")
