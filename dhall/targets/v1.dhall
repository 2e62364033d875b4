-- What a thing is built for, and what it is built on: a machine is its triple, spelt out, and its processor.
--
-- A processor belongs to an architecture, so each architecture has a type of its own: a Cortex for x86_64 is a type error.
-- None of them can be `native`: its type has no value, and its name says why, where a type error shows it.
let NoNative =
      { `native is refused: the same key would name other code on every machine; name the processor` :
          <>
      }

let never =
      \(native : NoNative) ->
          merge
            {=}
            native.`native is refused: the same key would name other code on every machine; name the processor`
        : Text

let X86_64 =
      < generic -- every 64-bit x86: SSE2
      | x86-64-v2 -- psABI level 2: SSE4.2, POPCNT, CMPXCHG16B (2009)
      | x86-64-v3 -- psABI level 3: AVX2, BMI2, FMA, MOVBE (2013)
      | x86-64-v4 -- psABI level 4: AVX-512 F, BW, CD, DQ, VL
      | haswell -- Intel Core 4th generation, Xeon E5 v3
      | skylake -- Intel Core 6th generation, without AVX-512
      | skylake-avx512 -- Intel Xeon Scalable, 1st generation
      | icelake-server -- Intel Xeon Scalable, 3rd generation
      | sapphirerapids -- Intel Xeon Scalable, 4th generation: AMX
      | znver1 -- AMD Zen: Ryzen 1000, EPYC 7001
      | znver2 -- AMD Zen 2: Ryzen 3000, EPYC 7002
      | znver3 -- AMD Zen 3: Ryzen 5000, EPYC 7003
      | native : NoNative
      >

let Aarch64 =
      < generic -- every 64-bit Arm: Armv8-A
      | cortex-a53 -- Armv8-A, in order: Raspberry Pi 3
      | cortex-a57 -- Armv8-A: NVIDIA TX1, TX2
      | cortex-a72 -- Armv8-A: Raspberry Pi 4, AWS Graviton
      | cortex-a76 -- Armv8.2-A: Raspberry Pi 5
      | cortex-a78 -- Armv8.2-A
      | cortex-a78ae -- Armv8.2-A, cores that can run in lock step: NVIDIA Orin; clang knows it from 18 on
      | neoverse-n1 -- Armv8.2-A: AWS Graviton 2, Ampere Altra
      | neoverse-n2 -- Armv9-A, SVE2
      | neoverse-v1 -- Armv8.4-A, SVE: AWS Graviton 3
      | native : NoNative
      >

let Riscv64 =
      < generic -- RV64GC
      | sifive-u74 -- RV64GC, in order, two at once: VisionFive 2
      | native : NoNative
      >

let Wasm32 = < generic | native : NoNative >

let Cpu =
      < aarch64 : Aarch64
      | riscv64 : Riscv64
      | wasm32 : Wasm32
      | x86_64 : X86_64
      >

let Arch = < aarch64 | riscv64 | wasm32 | x86_64 >

let Vendor = < apple | pc | unknown >

let OS = < darwin | linux | none | wasi >

let ABI = < gnu | musl | none >

-- A name that compilers know, as LLVM spells it.
let Triple = { arch : Arch, vendor : Vendor, os : OS, abi : ABI, text : Text }

let Target = { triple : Triple, cpu : Cpu }

-- How compilers spell a processor.
let cpu-name =
      { x86_64 =
          \(cpu : X86_64) ->
            merge
              { generic = "x86-64"
              , x86-64-v2 = "x86-64-v2"
              , x86-64-v3 = "x86-64-v3"
              , x86-64-v4 = "x86-64-v4"
              , haswell = "haswell"
              , skylake = "skylake"
              , skylake-avx512 = "skylake-avx512"
              , icelake-server = "icelake-server"
              , sapphirerapids = "sapphirerapids"
              , znver1 = "znver1"
              , znver2 = "znver2"
              , znver3 = "znver3"
              , native = never
              }
              cpu
      , aarch64 =
          \(cpu : Aarch64) ->
            merge
              { generic = "generic"
              , cortex-a53 = "cortex-a53"
              , cortex-a57 = "cortex-a57"
              , cortex-a72 = "cortex-a72"
              , cortex-a76 = "cortex-a76"
              , cortex-a78 = "cortex-a78"
              , cortex-a78ae = "cortex-a78ae"
              , neoverse-n1 = "neoverse-n1"
              , neoverse-n2 = "neoverse-n2"
              , neoverse-v1 = "neoverse-v1"
              , native = never
              }
              cpu
      , riscv64 =
          \(cpu : Riscv64) ->
            merge
              { generic = "generic-rv64"
              , sifive-u74 = "sifive-u74"
              , native = never
              }
              cpu
      , wasm32 =
          \(cpu : Wasm32) -> merge { generic = "generic", native = never } cpu
      }

let arch-name =
      \(arch : Arch) ->
        merge
          { aarch64 = "aarch64"
          , riscv64 = "riscv64"
          , wasm32 = "wasm32"
          , x86_64 = "x86_64"
          }
          arch

let cpu-arch =
      \(cpu : Cpu) ->
        merge
          { aarch64 = \(cpu : Aarch64) -> Arch.aarch64
          , riscv64 = \(cpu : Riscv64) -> Arch.riscv64
          , wasm32 = \(cpu : Wasm32) -> Arch.wasm32
          , x86_64 = \(cpu : X86_64) -> Arch.x86_64
          }
          cpu

let same-arch =
      \(a : Arch) ->
      \(b : Arch) ->
        let none =
              { aarch64 = False
              , riscv64 = False
              , wasm32 = False
              , x86_64 = False
              }

        in  merge
              { aarch64 = merge (none // { aarch64 = True }) b
              , riscv64 = merge (none // { riscv64 = True }) b
              , wasm32 = merge (none // { wasm32 = True }) b
              , x86_64 = merge (none // { x86_64 = True }) b
              }
              a

in  { X86_64
    , Aarch64
    , Riscv64
    , Wasm32
    , Cpu
    , Arch
    , Vendor
    , OS
    , ABI
    , Triple
    , Target
    , `native is refused: the same key would name other code on every machine; name the processor` =
        NoNative -- so that a type error, which shows names, shows why
    , cpu-name
    , cpu-arch
    , arch-name
    , same-arch
    , x86_64-linux =
        \(machine : { cpu : X86_64 }) ->
            { triple =
              { arch = Arch.x86_64
              , vendor = Vendor.unknown
              , os = OS.linux
              , abi = ABI.gnu
              , text = "x86_64-unknown-linux-gnu"
              }
            , cpu = Cpu.x86_64 machine.cpu
            }
          : Target
    , aarch64-linux =
        \(machine : { cpu : Aarch64 }) ->
            { triple =
              { arch = Arch.aarch64
              , vendor = Vendor.unknown
              , os = OS.linux
              , abi = ABI.gnu
              , text = "aarch64-unknown-linux-gnu"
              }
            , cpu = Cpu.aarch64 machine.cpu
            }
          : Target
    , riscv64-linux =
        \(machine : { cpu : Riscv64 }) ->
            { triple =
              { arch = Arch.riscv64
              , vendor = Vendor.unknown
              , os = OS.linux
              , abi = ABI.gnu
              , text = "riscv64-unknown-linux-gnu"
              }
            , cpu = Cpu.riscv64 machine.cpu
            }
          : Target
    , wasm32-wasi =
          { triple =
            { arch = Arch.wasm32
            , vendor = Vendor.unknown
            , os = OS.wasi
            , abi = ABI.none
            , text = "wasm32-unknown-wasi"
            }
          , cpu = Cpu.wasm32 Wasm32.generic
          }
        : Target
    }
