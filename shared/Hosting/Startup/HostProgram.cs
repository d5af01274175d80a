namespace IoTPlatform.Hosting;

/// <summary>Runs a host's main: signals become cancellation, expected failures become one line on stderr and an exit code (<see cref="ExitCodes"/>).</summary>
public static class HostProgram
{
    public static Task<int> RunAsync(string[] args, Func<string[], CancellationToken, Task> main) => throw new NotImplementedException();
}
