using System.Globalization;

namespace IoTPlatform.Hosting;

/// <summary>How many connections and requests the host takes on, from the file descriptors and the memory at hand.</summary>
/// <param name="Connections">Open at once.</param>
/// <param name="Requests">Under way at once, of all connections.</param>
internal sealed record HostCapacity(int Connections, int Requests)
{
    /// <summary>With fewer descriptors too few would be left for clients.</summary>
    public const int FewestDescriptors = 512;

    /// <summary>For the database's pool, calls to the broker and the identity provider, and files.</summary>
    private const int ReservedDescriptors = 200;
    private const int MostConnections = 20_000;
    private const int MostRequests = 4_096;

    /// <summary>TLS state and buffers of one connection, measured and rounded up; a third of the memory may go there.</summary>
    private const long BytesOfConnection = 128 * 1024;

    /// <summary>A body of the usual size, what it becomes, and its answer; an eighth of the memory may go there.</summary>
    private const long BytesOfRequest = 128 * 1024;

    /// <summary>Shed connections take a moment to close, and new ones come meanwhile: beyond these none is accepted.</summary>
    public int ConnectionsWithClosing => Connections + (Connections / 4);

    /// <summary>Strangers leave a quarter of the requests to those who have shown who they are.</summary>
    public int StrangersRequests => Requests - (Requests / 4);

    /// <summary>For this process, now.</summary>
    public static HostCapacity Measure() => Of(Descriptors(), DescriptorsInUse(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    public static HostCapacity Of(long descriptors, int inUse, long memory) => new(
        (int)Math.Clamp(Math.Min((descriptors - inUse - ReservedDescriptors) * 4 / 5, memory / 3 / BytesOfConnection), 64, MostConnections),
        (int)Math.Clamp(memory / 8 / BytesOfRequest, 32, MostRequests));

    /// <summary>Throws <see cref="StartupException"/>.</summary>
    public static void RequireDescriptors() => RequireDescriptors(Descriptors());

    public static void RequireDescriptors(long descriptors)
    {
        if (descriptors < FewestDescriptors)
        {
            throw new StartupException(string.Create(
                CultureInfo.InvariantCulture,
                $"This process may open {descriptors} files and connections at once; it needs at least {FewestDescriptors}, and one more for every client. Raise the limit (ulimit -n 65536; LimitNOFILE=65536 in a systemd unit), then start again."));
        }
    }

    // The soft limit; the runtime has raised it to the hard one.
    private static long Descriptors()
    {
        const string Name = "Max open files";
        var line = OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal)) : null;
        var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue;
    }

    private static int DescriptorsInUse() => OperatingSystem.IsLinux() ? Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() : 0;
}
