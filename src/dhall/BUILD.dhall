-- src/dhall: the language.
let S = ../common.dhall

let dhall =
      S.library
        S.Library::{
        , name = "dhall"
        , srcs =
          [ "add.c"
          , "assist.c"
          , "assist_complete.c"
          , "assist_mend.c"
          , "assist_names.c"
          , "builtin.c"
          , "canonical.c"
          , "conv.c"
          , "decode.c"
          , "decode_import.c"
          , "dhall.c"
          , "diff.c"
          , "edit.c"
          , "encode.c"
          , "encode_json.c"
          , "eval.c"
          , "format.c"
          , "format_part.c"
          , "format_scan.c"
          , "format_text.c"
          , "from_json.c"
          , "freeze.c"
          , "gap.c"
          , "hash.c"
          , "headers.c"
          , "identity.c"
          , "import.c"
          , "infer.c"
          , "infer_difference.c"
          , "infer_message.c"
          , "infer_name.c"
          , "infer_record.c"
          , "infer_union.c"
          , "inspect.c"
          , "layout.c"
          , "lint.c"
          , "list.c"
          , "operate.c"
          , "parse.c"
          , "parse_import.c"
          , "parse_number.c"
          , "parse_primitive.c"
          , "parse_text.c"
          , "print.c"
          , "print_literal.c"
          , "read_back.c"
          , "remote.c"
          , "resolve.c"
          , "scan.c"
          , "schemas.c"
          , "session.c"
          , "stack.c"
          , "term.c"
          , "text.c"
          , "to_json.c"
          , "tool.c"
          , "type_of_json.c"
          , "value.c"
          ]
        , hdrs =
          [ "assist.h"
          , "decode_part.h"
          , "dhall.h"
          , "diff.h"
          , "edit.h"
          , "encode.h"
          , "encode_json.h"
          , "eval.h"
          , "format.h"
          , "format_scan.h"
          , "from_json.h"
          , "freeze.h"
          , "gap.h"
          , "import.h"
          , "infer.h"
          , "infer_context.h"
          , "inspect.h"
          , "layout.h"
          , "lint.h"
          , "parse.h"
          , "print.h"
          , "print_literal.h"
          , "scan.h"
          , "schemas.h"
          , "stack.h"
          , "term.h"
          , "to_json.h"
          , "tool.h"
          , "value.h"
          ]
        , deps = [ S.at "//src/base", S.at "//src/digest", S.at "//src/codec" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_parse_test =
      S.test
        S.Test::{
        , name = "dhall_parse_test"
        , srcs = [ "parse_test.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_test =
      S.test
        S.Test::{
        , name = "dhall_test"
        , srcs = [ "dhall_test.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_identity_test =
      S.test
        S.Test::{
        , name = "dhall_identity_test"
        , srcs = [ "identity_test.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_plain_test =
      S.test
        S.Test::{
        , name = "dhall_plain_test"
        , srcs = [ "identity_test.c", "stack_plain.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_hard_test =
      S.test
        S.Test::{
        , name = "dhall_hard_test"
        , srcs = [ "hard_test.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_edit_test =
      S.test
        S.Test::{
        , name = "dhall_edit_test"
        , srcs = [ "edit_test.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_standard_test =
      S.test
        S.Test::{
        , name = "dhall_standard_test"
        , srcs =
          [ "standard_test.c", "standard_network.c", "standard_semantics.c" ]
        , private_hdrs = [ "standard_test.h" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_parse_fuzz =
      S.test
        S.Test::{
        , name = "dhall_parse_fuzz"
        , srcs = [ "dhall_parse_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_parse_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_parse_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

let dhall_decode_fuzz =
      S.test
        S.Test::{
        , name = "dhall_decode_fuzz"
        , srcs = [ "dhall_decode_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_decode_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_decode_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

let dhall_edit_fuzz =
      S.test
        S.Test::{
        , name = "dhall_edit_fuzz"
        , srcs = [ "dhall_edit_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_edit_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_edit_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

let dhall_assist_fuzz =
      S.test
        S.Test::{
        , name = "dhall_assist_fuzz"
        , srcs = [ "dhall_assist_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_assist_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_assist_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

let dhall_format_fuzz =
      S.test
        S.Test::{
        , name = "dhall_format_fuzz"
        , srcs = [ "dhall_format_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_format_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_format_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

let dhall_lint_fuzz =
      S.test
        S.Test::{
        , name = "dhall_lint_fuzz"
        , srcs = [ "dhall_lint_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_lint_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_lint_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

let dhall_infer_fuzz =
      S.test
        S.Test::{
        , name = "dhall_infer_fuzz"
        , srcs = [ "dhall_infer_fuzz.c" ]
        , args = [ S.D.text "fuzz/dhall_infer_fuzz" ]
        , deps =
          [ dhall
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:dhall_infer_fuzz"
          ]
        , libs = [ S.libs.gmp ]
        }

in  { dhall
    , dhall_edit_test
    , dhall_hard_test
    , dhall_identity_test
    , dhall_plain_test
    , dhall_parse_test
    , dhall_standard_test
    , dhall_test
    , dhall_parse_fuzz
    , dhall_decode_fuzz
    , dhall_assist_fuzz
    , dhall_edit_fuzz
    , dhall_format_fuzz
    , dhall_infer_fuzz
    , dhall_lint_fuzz
    }
