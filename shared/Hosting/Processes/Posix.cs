using System.Runtime.InteropServices;

namespace IoTPlatform.Hosting.Processes;

public static class Posix
{
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;

    public static uint EffectiveUserId => GetEffectiveUserId();

    public static bool IsAlive(int processId) => SendSignal(processId, 0) == 0 || Marshal.GetLastPInvokeError() == 1; // EPERM: alive, not ours

    /// <summary>False when there is no such process.</summary>
    public static bool Signal(int processId, int signal) => processId > 1 && SendSignal(processId, signal) == 0;

    /// <summary>The path without links; the path itself when there is nothing there.</summary>
    public static string RealPath(string path)
    {
        var resolved = Resolve(path, 0);
        try
        {
            return resolved == 0 ? path : Marshal.PtrToStringUTF8(resolved)!;
        }
        finally
        {
            Free(resolved);
        }
    }

    /// <summary>A group of null keeps the group.</summary>
    public static void ChangeOwner(string path, uint? user, uint? group)
    {
        if (ChangeOwnerOfLink(path, user ?? uint.MaxValue, group ?? uint.MaxValue) != 0)
        {
            throw new IOException($"cannot change the owner of {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEffectiveUserId();

    [DllImport("libc", EntryPoint = "realpath")]
    private static extern nint Resolve([MarshalAs(UnmanagedType.LPUTF8Str)] string path, nint buffer);

    [DllImport("libc", EntryPoint = "free")]
    private static extern void Free(nint memory);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int ChangeOwnerOfLink([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);
}
