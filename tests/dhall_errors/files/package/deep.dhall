{ name = "deep", value = ./deeper.dhall }
