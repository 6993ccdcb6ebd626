"""What strangers try; every test's name says what they must not get."""
