# Shared by the scripts of this folder: build, start and stop hubs, compile the tools. Sourced, not run.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
WORK=$ROOT/target/bench
JAR=$ROOT/target/smarteros-hub.jar
TENANTS="demo-ferreteria-sur=76000012-4,demo-pasteleria-norte=77000005-K"
# The heap bar is 512 MB: give the hub no more, so that a run that ends well has shown it.
HUB_JAVA_OPTS=${HUB_JAVA_OPTS:--Xmx512m -Xmn192m -XX:+UseSerialGC}

JAVA=java JAVAC=javac JCMD=jcmd
if [ -n "${JAVA_HOME:-}" ]; then
  JAVA=$JAVA_HOME/bin/java JAVAC=$JAVA_HOME/bin/javac JCMD=$JAVA_HOME/bin/jcmd
fi

STARTED=()        # processes of ours, in the order of their start
DATA_DIRS=()      # data folders of ours
KEEP=${KEEP:-}

die() { echo "$*" >&2; exit 2; }

# The embedded server outlives a hub that was killed: it is stopped by the pid in its own data folder.
stop_all() {
  local i pid dir
  for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do stop_process "${STARTED[i]}"; done
  for dir in "${DATA_DIRS[@]}"; do
    pid=$(head -1 "$dir/postgres/postmaster.pid" 2>/dev/null || true)
    if [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null; then
      for ((i = 0; i < 100; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    fi
    [ -n "$KEEP" ] || rm -rf "$dir"
  done
  STARTED=() DATA_DIRS=()
}
trap stop_all EXIT
trap 'exit 130' INT TERM

stop_process() {
  local i
  kill "$1" 2>/dev/null || return 0
  for ((i = 0; i < 350; i++)); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
  echo "process $1 did not stop in 35 s; killed" >&2
  kill -KILL "$1" 2>/dev/null || true
}

# Packages the jar if the sources are newer.
build() {
  local newer=
  mkdir -p "$WORK"
  [ -f "$JAR" ] && newer=$(find pom.xml src/main integrations -newer "$JAR" -type f -print -quit)
  if [ ! -f "$JAR" ] || [ -n "$newer" ]; then
    echo "building the jar ..."
    mvn -q -B ${MAVEN_ARGS_EXTRA:-} -DskipTests package >"$WORK-build.log" 2>&1 || { tail -40 "$WORK-build.log" >&2; die "the build failed"; }
    rm -f "$WORK-build.log"
  fi
  mkdir -p "$WORK/classes"
  "$JAVAC" --release 17 -Xlint:all -Xlint:-classfile -proc:none -cp "$JAR" -d "$WORK/classes" "$ROOT"/bench/*.java || die "the tools do not compile"
  RUN=$(date +%y%m%d%H%M%S)
}

# Of the tools' JVMs. What runs for half a minute is no sooner done for being compiled twice, and that costs the hub beside it a fifth of a processor.
TOOL_OPTS=-XX:TieredStopAtLevel=1
tool() { "$JAVA" -XX:+UseSerialGC -Xmx1g $TOOL_OPTS -cp "$WORK/classes:$JAR" "$@"; }

TAKEN=" "
# Sets PORT to one that nobody listens on, below the range that the kernel hands out.
free_port() {
  while :; do
    PORT=$((20000 + RANDOM % 12000))
    [[ $TAKEN == *" $PORT "* ]] && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && continue
    TAKEN+="$PORT "
    return
  done
}

# start_hub NAME [ENV=VALUE...]: a hub in the demo profile on ports of its own. Sets HUB_PID, HUB_PORT; the first also sets
# DB_URL, POSTGRES_PID, SANDBOX.
start_hub() {
  local name=$1; shift
  local dir=$WORK/data-$RUN-$name management sandbox i
  free_port; HUB_PORT=$PORT
  free_port; management=$PORT
  free_port; sandbox=$PORT
  mkdir -p "$dir"
  DATA_DIRS+=("$dir")
  local started=$(date +%s%N)
  env SPRING_PROFILES_ACTIVE=demo HUB_PORT="$HUB_PORT" HUB_MANAGEMENT_PORT="$management" HUB_SANDBOX_PORT="$sandbox" \
    HUB_DATA_DIR="$dir" HUB_EMBEDDED_POSTGRES_PORT=0 HUB_CHATWOOT_RECONCILIATION_EVERY=86400000 "$@" \
    "$JAVA" $HUB_JAVA_OPTS -jar "$JAR" >"$WORK/hub-$name.log" 2>&1 &
  HUB_PID=$!
  STARTED+=("$HUB_PID")
  for ((i = 0; i < 1500; i++)); do
    curl -s -o /dev/null -f "http://127.0.0.1:$HUB_PORT/health" && break
    kill -0 "$HUB_PID" 2>/dev/null || { tail -30 "$WORK/hub-$name.log" >&2; die "hub $name ended at its start"; }
    sleep 0.1
  done
  curl -s -o /dev/null -f "http://127.0.0.1:$HUB_PORT/health" || { tail -30 "$WORK/hub-$name.log" >&2; die "hub $name not up in 150 s"; }
  echo "hub $name: port $HUB_PORT, process $HUB_PID, up in $((($(date +%s%N) - started) / 1000000)) ms"
  if [ -z "${DB_URL:-}" ]; then
    POSTGRES_PID=$(head -1 "$dir/postgres/postmaster.pid")
    DB_URL="jdbc:postgresql://127.0.0.1:$(sed -n 4p "$dir/postgres/postmaster.pid")/postgres"
    SANDBOX=${SANDBOX:-http://127.0.0.1:$sandbox}
  fi
}

# The sandbox Odoo as a process of its own. Sets SANDBOX.
start_sandbox() {
  local i
  free_port
  SANDBOX=http://127.0.0.1:$PORT
  "$JAVA" -Xmx1g -XX:+UseSerialGC -cp "$JAR" cl.smarterbot.hub.sandbox.SandboxServer "$PORT" >"$WORK/sandbox.log" 2>&1 &
  STARTED+=("$!")
  for ((i = 0; i < 300; i++)); do
    curl -s -o /dev/null "$SANDBOX/" && return
    sleep 0.1
  done
  die "the sandbox is not up in 30 s"
}

# Waits until both demo keys are known; makes the tenants if the hub did not.
await_tenants() {
  local key code i
  tool Verify "$DB_URL" tenants "$SANDBOX" || exit
  for key in demo-ferreteria-sur demo-pasteleria-norte; do
    for ((i = 0; i < 100; i++)); do
      # An empty form: 422 once the key is known, 401 before. Leaves nothing behind.
      code=$(curl -s -o /dev/null -w '%{http_code}' -H "X-API-Key: $key" -H 'Content-Type: application/json' -d '{}' \
        "http://127.0.0.1:$1/contact")
      [ "$code" = 422 ] && continue 2
      sleep 0.1
    done
    die "the key $key is not known to the hub (last answer $code)"
  done
}

machine() {
  echo "machine: $(nproc) processors, $(awk '/^model name/ {sub(/.*: /, ""); print; exit}' /proc/cpuinfo), load before $(cut -d' ' -f1 /proc/loadavg)"
  echo "JDK:     $("$JAVA" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.runtime.version = //p') ($HUB_JAVA_OPTS)"
  echo "product: $(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown), $(date -u '+%Y-%m-%d %H:%M') UTC"
}

# memory PID: heap in use now and after a collection, and the process as the kernel sees it, in MiB.
memory() {
  local now live rss
  now=$(heap_mib "$1")
  "$JCMD" "$1" GC.run >/dev/null 2>&1 || true
  live=$(heap_mib "$1")
  rss=$(awk '/^VmRSS/ {r = $2} /^VmHWM/ {h = $2} END {printf "%d now, %d at most", r / 1024, h / 1024}' "/proc/$1/status")
  echo "hub memory, MiB: heap in use $now, after a collection $live; resident $rss"
}

# Every collector's first lines name "used <n>K" of a space of the heap; Metaspace is not heap.
heap_mib() {
  "$JCMD" "$1" GC.heap_info 2>/dev/null | awk '
    /Metaspace|class space|eden|from|to  |the space|region size/ {next}
    match($0, /used [0-9]+[KMG]/) {u = substr($0, RSTART + 5, RLENGTH - 5); n = u + 0
      if (u ~ /M/) n *= 1024; if (u ~ /G/) n *= 1048576; sum += n}
    END {printf "%d", sum / 1024}'
}

# thread_cpu PID: name and CPU ms of each thread, the JVM's own included, kernel time too.
thread_cpu() {
  local t
  for t in /proc/"$1"/task/*/stat; do sed 's/^\([0-9]*\) (\(.*\)) /\1 \2\t/' "$t" 2>/dev/null; done |
    awk -F'\t' '{split($2, f, " "); id = $1; sub(/ .*/, "", id); name = substr($1, length(id) + 2); gsub(/[0-9]+/, "N", name)
      print id "\t" name "\t" (f[12] + f[13]) * 10}'
}

# thread_shares BEFORE AFTER CONTACTS: what each kind of thread burnt in between.
thread_shares() {
  echo; echo "hub CPU by thread, kernel time included"
  awk -F'\t' -v n="$3" 'NR == FNR {before[$1] = $3; next} {d = $3 - before[$1]; by[$2] += d; all += d}
    END {for (k in by) if (by[k] > all / 200) printf "  %5.1f %%  %.4f ms a contact  %s\n", 100 * by[k] / all, by[k] / n, k}' "$1" "$2" | sort -rn
}

figure() { sed -n "s/^$2=//p" "$1"; }
