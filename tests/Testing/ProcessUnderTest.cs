namespace IoTPlatform.Testing;

/// <summary>A real child process with captured output. Disposing kills the whole tree.</summary>
public sealed class ProcessUnderTest : IAsyncDisposable
{
    private ProcessUnderTest() { }

    public static ProcessUnderTest Start(string fileName, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null) => throw new NotImplementedException();

    /// <summary>Runs a .NET assembly with the same dotnet as the test.</summary>
    public static ProcessUnderTest StartDotnet(string assemblyPath, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null) => throw new NotImplementedException();

    public int Id => throw new NotImplementedException();

    public bool HasExited => throw new NotImplementedException();

    /// <summary>Standard output and error so far, in order of arrival.</summary>
    public string Output => throw new NotImplementedException();

    public IReadOnlyList<string> Lines => throw new NotImplementedException();

    /// <summary>The first line, past or future, that starts with the prefix. Throws with the output when the process ends without it or the time-out (default 60 s) passes.</summary>
    public Task<string> WaitForLineAsync(string prefix, TimeSpan? timeout = null) => throw new NotImplementedException();

    public Task<string> WaitForLineAsync(Func<string, bool> match, TimeSpan? timeout = null) => throw new NotImplementedException();

    /// <summary>SIGKILL to this one process, as an out-of-memory killer would.</summary>
    public Task KillAsync() => throw new NotImplementedException();

    /// <summary>SIGTERM.</summary>
    public void Terminate() => throw new NotImplementedException();

    /// <summary>SIGINT, as Ctrl-C.</summary>
    public void Interrupt() => throw new NotImplementedException();

    public Task<int> WaitForExitAsync(TimeSpan? timeout = null) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
