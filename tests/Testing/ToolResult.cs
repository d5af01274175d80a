namespace IoTPlatform.Testing;

public sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>Throws with both outputs unless the exit code is 0.</summary>
    public ToolResult EnsureSuccess() => ExitCode == 0 ? this : throw new InvalidOperationException($"exit code {ExitCode}\n{Output}\n{Error}");
}
