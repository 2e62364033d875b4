-- The root of a workspace: its name, and what is true of all of it.
let W =
      https://straylight.cx/config/v1.dhall
        sha256:63c1713e78c59f487e33261883ec4ede57d687c6fb9b39288097f0bea53279a0

in  W.Workspace::{ name = "packages" }
