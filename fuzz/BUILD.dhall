-- fuzz: the corpora, replayed as tests of the laws in src/.
let S = ../src/common.dhall

let corpus =
      \(name : Text) ->
      \(files : List Text) ->
        S.C.library
          S.C.Library::{
          , name
          , data =
              List/fold
                Text
                files
                (List S.D.Piece)
                ( \(file : Text) ->
                  \(rest : List S.D.Piece) ->
                    [ S.D.Piece.Source "${name}/${file}" ] # rest
                )
                ([] : List S.D.Piece)
          }

let dhall_infer_fuzz =
      corpus
        "dhall_infer_fuzz"
        [ "builtins", "functions", "records", "types", "unions" ]

let dhall_decode_fuzz =
      corpus
        "dhall_decode_fuzz"
        [ "binders"
        , "build"
        , "bytes"
        , "doubles"
        , "import-comments"
        , "imports"
        , "labels"
        , "numbers"
        , "operators"
        , "prefixes"
        , "records"
        , "selectors"
        , "shebang"
        , "texts"
        , "times"
        , "unicode"
        , "with"
        ]

let dhall_edit_fuzz =
      corpus
        "dhall_edit_fuzz"
        [ "a-sum"
        , "a-sum-that-begins-with-a-name"
        , "among-others"
        , "bound-by-let"
        , "commas-first-a-comment-of-lines"
        , "commas-first-a-line-for-the-next"
        , "commas-first-bracket-on-the-line"
        , "commas-first-first"
        , "commas-first-last"
        , "commas-first-middle"
        , "commas-first-of-one"
        , "commas-last-bracket-on-the-line"
        , "commas-last-first"
        , "commas-last-last"
        , "commas-last-last-without"
        , "commas-last-middle"
        , "dots"
        , "empty"
        , "escaped"
        , "field-is-new-lines"
        , "field-is-new-name-first"
        , "field-is-new-one-line"
        , "in-parentheses"
        , "not-sorted-at-the-end"
        , "one-line-comma-at-the-end"
        , "one-line-first"
        , "one-line-last"
        , "one-line-middle"
        , "several-on-a-line"
        , "tabs-and-carriage-returns"
        , "the-completion-before-another-record"
        , "there-already"
        , "with-interpolation"
        ]

let dhall_assist_fuzz =
      corpus
        "dhall_assist_fuzz"
        [ "comment"
        , "field"
        , "hover"
        , "mistakes"
        , "names"
        , "open"
        , "path"
        , "schema"
        , "text"
        , "variable"
        ]

let dhall_format_fuzz =
      corpus
        "dhall_format_fuzz"
        [ "arrows"
        , "blank-line"
        , "block-behind"
        , "coincidence"
        , "commas-last"
        , "comment-behind-operator"
        , "comment-behind-using"
        , "comment-in-parameter"
        , "comments"
        , "empty"
        , "endings"
        , "import-comments"
        , "imports"
        , "lets"
        , "multi-line"
        , "parentheses"
        , "seed-for-comments"
        , "seed-of-operators"
        , "url-behind"
        ]

let dhall_lint_fuzz =
      corpus
        "dhall_lint_fuzz"
        [ "all"
        , "asserts"
        , "blanks"
        , "chain"
        , "claim-behind-lets"
        , "crossed"
        , "unused"
        ]

let dhall_parse_fuzz =
      corpus
        "dhall_parse_fuzz"
        [ "binders"
        , "build"
        , "bytes"
        , "doubles"
        , "import-comments"
        , "imports"
        , "labels"
        , "numbers"
        , "operators"
        , "prefixes"
        , "records"
        , "selectors"
        , "shebang"
        , "texts"
        , "times"
        , "unicode"
        , "with"
        ]

let differ_fuzz =
      corpus
        "differ_fuzz"
        [ "archive"
        , "archive_damaged"
        , "archive_in_archive"
        , "archive_names"
        , "archive_order"
        , "bytes"
        , "elf_damaged"
        , "elf_object"
        , "elf_overlapping"
        , "elf_sections"
        , "equal"
        , "text"
        , "text_end"
        ]

let digest_fuzz =
      corpus
        "digest_fuzz"
        [ "empty", "leading_zero", "size_max", "size_overflow" ]

let graph_fuzz =
      corpus
        "graph_fuzz"
        [ "byte"
        , "cut"
        , "edge_loop"
        , "edge_out"
        , "edges_out"
        , "empty"
        , "kind_out"
        , "rows_many"
        , "slots_full"
        , "slots_out"
        , "tail_only"
        , "text_out"
        , "value_id_max"
        , "whole"
        , "whole_sealed"
        ]

let label_fuzz =
      corpus
        "label_fuzz"
        [ "absolute"
        , "config"
        , "long"
        , "package"
        , "relative"
        , "root"
        , "selector"
        , "tree"
        , "twice"
        , "up"
        ]

let message_fuzz =
      corpus
        "message_fuzz"
        [ "failed"
        , "fetch"
        , "fetch_http"
        , "fetched"
        , "header_without_end"
        , "hello"
        , "long_head"
        , "progress"
        ]

let reapi_fuzz =
      corpus
        "reapi_fuzz"
        [ "action"
        , "action_result"
        , "command"
        , "directory"
        , "many_empty_files"
        , "tree"
        , "unknown_fields"
        ]

let target_fuzz =
      corpus
        "target_fuzz"
        [ "action"
        , "empty"
        , "hostile_count"
        , "reference"
        , "sets"
        , "test"
        , "test_without_action"
        ]

let yaml_fuzz =
      corpus
        "yaml_fuzz"
        [ "aliases"
        , "all_sorts"
        , "anchor"
        , "blocks"
        , "json"
        , "laughs"
        , "merge"
        , "nested"
        , "next_line"
        ]

in  { dhall_decode_fuzz
    , dhall_assist_fuzz
    , dhall_edit_fuzz
    , dhall_format_fuzz
    , dhall_infer_fuzz
    , dhall_lint_fuzz
    , dhall_parse_fuzz
    , differ_fuzz
    , digest_fuzz
    , graph_fuzz
    , label_fuzz
    , message_fuzz
    , reapi_fuzz
    , target_fuzz
    , yaml_fuzz
    }
