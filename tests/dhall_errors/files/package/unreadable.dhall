let x = 1 on x
