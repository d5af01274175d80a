using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IoTPlatform.Hosting.Processes;

/// <summary>A user of /etc/passwd.</summary>
public sealed record UnixAccount(string Name, uint UserId, uint GroupId)
{
    public static UnixAccount? Find(string name)
    {
        foreach (var line in File.Exists("/etc/passwd") ? File.ReadLines("/etc/passwd") : [])
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && string.Equals(fields[0], name, StringComparison.Ordinal)
                && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out var user)
                && uint.TryParse(fields[3], CultureInfo.InvariantCulture, out var group))
            {
                return new UnixAccount(name, user, group);
            }
        }

        return null;
    }
}

public static class UnixOwner
{
    private const int StatxBasicStats = 0x7ff;
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;

    /// <summary>The user id that owns a path; a link is not followed.</summary>
    public static uint Of(string path)
    {
        // struct statx is the same on every Linux architecture, unlike struct stat: stx_uid is the 32 bits at offset 20.
        var buffer = new byte[256];
        if (Statx(AtFdCwd, path, AtSymlinkNoFollow, StatxBasicStats, buffer) != 0)
        {
            throw new IOException($"cannot read the owner of {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        return BitConverter.ToUInt32(buffer, 20);
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Statx(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] result);
}
