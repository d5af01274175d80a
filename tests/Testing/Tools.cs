namespace IoTPlatform.Testing;

/// <summary>Foreign programs that tests run.</summary>
public static class Tools
{
    /// <summary>Full path, or null. <c>step</c>: PATH, then IOT_STEP, then <c>../shared/peers/bin/step</c> beside the repository.</summary>
    public static string? Find(string name) => throw new NotImplementedException();

    /// <summary>The folder that holds IoTPlatform.sln.</summary>
    public static string RepositoryRoot => throw new NotImplementedException();

    /// <summary>Runs a program to its end (standard input closed unless given); kills it after the time-out (default 60 s).</summary>
    public static Task<ToolResult> RunAsync(string fileName, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null, TimeSpan? timeout = null) => throw new NotImplementedException();
}
