"""工作台 The office door: departments and the credit centre at work. One module per room it shows."""
