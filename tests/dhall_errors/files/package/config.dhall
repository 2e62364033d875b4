let Cpu = < X86_64 | Aarch64 | Riscv64 | Powerpc64le | Loongarch64 | S390x | Sparc64 >

let Config =
      { Type = { name : Text, port : Natural, targets : { native : { cpu : Cpu, os : Text } } }
      , default.port = 80
      }

in  { Cpu, Config, run = \(config : Config.Type) -> config.name }
