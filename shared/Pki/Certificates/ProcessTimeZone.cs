using System.Runtime.InteropServices;

namespace IoTPlatform.Pki;

/// <summary>
/// Makes the process live in UTC, whatever the machine's zone is or becomes: the library compares certificates' dates in local time, in TLS
/// handshakes too, and keeps its own idea of the zone beside the C library's.
/// </summary>
public static class ProcessTimeZone
{
    private const string Utc = "UTC0"; // as POSIX writes it: no zone file is read

    /// <summary>First in a program's main: the C library's environment is not safe to change beside other threads that read it.</summary>
    public static void UseUtc()
    {
        SetEnvironment("TZ", Utc, overwrite: 1);
        ReadZone();
        Environment.SetEnvironmentVariable("TZ", Utc);
        TimeZoneInfo.ClearCachedData();
    }

    [DllImport("libc", EntryPoint = "setenv", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int SetEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    [DllImport("libc", EntryPoint = "tzset")]
    private static extern void ReadZone();
}
