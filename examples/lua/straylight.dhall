-- The root of a workspace: its name, and what is true of all of it.
let W =
      https://straylight.cx/config/v1.dhall
        sha256:e94611900d3fbf2ab6d167173a1376c56ab00b1069c97c14637b8711b8ba89be

in  W.Workspace::{ name = "lua" }
