using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.Iot;

internal static class ChildStart
{
    // Ends when we are gone already, sends output to the log if there is one, and becomes the program.
    private const string Script = """
        [ "$PPID" = "$1" ] || exit 129; log=$2; shift 2
        if [ -n "$log" ]; then exec "$@" >>"$log" 2>&1 </dev/null; else exec "$@" </dev/null; fi
        """;

    public static (ProcessStartInfo Start, bool OwnGroup) Build(ChildCommand command)
    {
        var words = new List<string>();
        var setsid = ProgramPath.Find("setsid");
        var setpriv = ProgramPath.Find("setpriv");
        if (setsid is not null)
            words.Add(setsid);
        if (setpriv is not null && command.DiesWithUs)
            words.AddRange([setpriv, "--pdeathsig", "TERM"]);
        words.AddRange(["/bin/sh", "-c", Script, "iot", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), command.LogFile ?? "", command.FileName, .. command.Arguments]);
        var start = new ProcessStartInfo(words[0], words[1..]) { UseShellExecute = false, WorkingDirectory = command.WorkingDirectory ?? "", RedirectStandardOutput = command.OnLine is not null };
        foreach (var (name, value) in command.Environment)
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }
        return (start, setsid is not null);
    }
}
