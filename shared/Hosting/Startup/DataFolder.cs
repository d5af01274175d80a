namespace IoTPlatform.Hosting;

/// <summary>A host's own folder, mode 0700, held by one process at a time (a lock on <c>.lock</c>). Dispose to let go.</summary>
public sealed class DataFolder : IDisposable
{
    private DataFolder(string path) => Path = path;

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Creates the folder if needed and locks it. Throws <see cref="StartupException"/> when it is not ours, not writable or already in use.</summary>
    public static DataFolder Open(string path) => throw new NotImplementedException();

    /// <summary>Where a host keeps its data when nothing is configured: <c>/var/lib/iotplatform/{name}</c> for root, else under XDG_DATA_HOME.</summary>
    public static string DefaultPath(string name) => throw new NotImplementedException();

    public string Combine(params string[] parts) => throw new NotImplementedException();

    /// <summary>Mode 0600, atomic and durable.</summary>
    public void WriteSecret(string name, ReadOnlySpan<byte> content) => throw new NotImplementedException();

    /// <summary>Mode 0644, atomic and durable.</summary>
    public void WritePublic(string name, ReadOnlySpan<byte> content) => throw new NotImplementedException();

    public byte[]? TryRead(string name) => throw new NotImplementedException();

    /// <summary>The trimmed text of a secret file; made by <paramref name="create"/> on first use.</summary>
    public string ReadOrCreateSecret(string name, Func<string> create) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
