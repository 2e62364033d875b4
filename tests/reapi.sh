#!/bin/sh
# tests/reapi.sh: our canonical form of the Remote Execution API's messages is what protoc makes of
# the same text. The bytes are the corpus of reapi_fuzz, behind one byte that says which message;
# reapi_test holds our encoder to the same bytes.
. "$(dirname "$0")/lib.sh"

protoc=$(command -v protoc-c || command -v protoc || true)
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
abc=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

# same FILE MESSAGE <TEXT
same() {
    if [ -z "$protoc" ]; then
        cat >text
        skip "$2: the bytes of protoc" "neither protoc-c nor protoc is here"
        return
    fi
    "$protoc" --proto_path="$top/src/codec" --encode="build.bazel.remote.execution.v2.$2" \
        "$top/src/codec/reapi.proto" >made
    tail -c +2 "$top/fuzz/reapi_fuzz/$1" >golden
    ok "$2: the bytes of protoc" cmp made golden
}

same command Command <<END
arguments: 'cc' arguments: '' arguments: 'é'
environment_variables { name: 'A' value: '1' } environment_variables { name: 'B' }
output_files: 'f' output_directories: 'd'
platform { properties { name: 'grade' value: 'Pure' } }
working_directory: 'build' output_paths: 'out/a' output_node_properties: 'mtime'
output_directory_format: DIRECTORY_ONLY
END
same action Action <<END
command_digest { hash: '$abc' size_bytes: 3 } input_root_digest { hash: '$empty' }
timeout { seconds: 60 nanos: 5 } do_not_cache: true salt: '\\000\\377'
platform { properties { name: 'grade' value: 'Pure' } }
END
same directory Directory <<END
files { name: 'a' digest { hash: '$abc' size_bytes: 3 } is_executable: true }
files {
  name: 'c' digest { hash: '$empty' }
  node_properties { properties { name: 'x' value: 'y' } mtime { seconds: 1 } unix_mode { value: 493 } }
}
directories { name: 'b' digest { hash: '$empty' } }
symlinks { name: 'd' target: '../x' }
node_properties { unix_mode {} }
END
same tree Tree <<END
root { directories { name: 'b' digest { hash: '$empty' } } } children {}
END
same action_result ActionResult <<END
output_files {
  path: 'out/a' digest { hash: '$abc' size_bytes: 300 } is_executable: true contents: 'abc'
}
output_directories {
  path: 'out/d' tree_digest { hash: '$abc' size_bytes: 1 } is_topologically_sorted: true
  root_directory_digest { hash: '$abc' size_bytes: 128 }
}
exit_code: -1
stdout_raw: 'o' stdout_digest { hash: '$empty' } stderr_raw: 'e' stderr_digest { hash: '$empty' }
execution_metadata {
  worker: 'w' queued_timestamp { seconds: 1700000000 nanos: 999999999 } worker_start_timestamp {}
  execution_completed_timestamp { seconds: -1 } output_upload_completed_timestamp { seconds: 2 }
  auxiliary_metadata { type_url: 't' value: 'v' } virtual_execution_duration { nanos: 1 }
}
output_file_symlinks { path: 'l' target: 'a' } output_directory_symlinks { path: 'm' target: 'd' }
output_symlinks { path: 'n' target: 'o' }
END
finish
