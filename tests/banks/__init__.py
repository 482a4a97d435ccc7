"""Implementations to judge, right ones and mistaken ones, by exercise."""
