"""Plans: what the program would create, and its forms as a list, a diagram, permissions and differences."""
