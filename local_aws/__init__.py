"""AWS on one machine: moto in a process of its own, and what this project needs that moto leaves out."""
