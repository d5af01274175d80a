namespace IoTPlatform.Testing;

/// <summary>A new empty folder, deleted with its content on dispose.</summary>
public sealed class TempFolder : IDisposable
{
    public string Path => throw new NotImplementedException();

    public string Combine(params string[] parts) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
