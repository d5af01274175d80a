using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.Testing;

/// <summary>A child that outlives the test process, however that ends (the runner kills it soon after the last test), and then removes what it left.</summary>
internal static class Janitor
{
    private const string Script = """
        trap '' INT TERM HUP
        while IFS= read -r line; do
          case $line in
            'process '*) process=${line#process };;
            'folder '*) set -- "$@" "${line#folder }";;
          esac
        done
        if [ -n "$process" ]; then
          kill -QUIT "$process" 2>/dev/null
          tries=0
          while kill -0 "$process" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
        fi
        rm -rf -- "$@"
        """;

    private static readonly Lock Gate = new();
    private static readonly Lazy<Process> Child = new(Start);

    public static void RemoveAfterUs(string folder) => Report("folder " + folder);

    public static void EndAfterUs(int processId) => Report("process " + processId.ToString(CultureInfo.InvariantCulture));

    private static void Report(string line)
    {
        lock (Gate)
        {
            Child.Value.StandardInput.WriteLine(line);
            Child.Value.StandardInput.Flush();
        }
    }

    private static Process Start()
    {
        // Output to nowhere: a runner that waits for the end of the test process' output must not wait for this child.
        var start = new ProcessStartInfo("setsid", ["sh", "-c", "exec >/dev/null 2>&1\n" + Script]) { UseShellExecute = false, RedirectStandardInput = true, WorkingDirectory = "/" };
        return Process.Start(start)!;
    }
}
