let W = ./dhall/config/v1.dhall

in  W.Workspace::{ name = "straylight", packages = W.Packages.Path "./dhall" }
