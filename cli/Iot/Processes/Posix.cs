using System.Runtime.InteropServices;

namespace IoTPlatform.Iot;

internal static partial class Posix
{
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;

    /// <summary>False when there is no such process (or group, when negative). Signal 0 only asks.</summary>
    public static bool Kill(int process, int signal) => KillCall(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int KillCall(int process, int signal);
}
