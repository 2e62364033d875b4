-- The root of a workspace: its name, and what is true of all of it.
let W =
      https://straylight.cx/config/v1.dhall
        sha256:0000000000000000000000000000000000000000000000000000000000000000

in  W.Workspace::{ name = "lua" }
