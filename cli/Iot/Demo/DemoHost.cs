namespace IoTPlatform.Iot;

/// <summary>A provider or tenant of the demo: a separate process with its own data folder and log.</summary>
internal sealed class DemoHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    // What the operator's shell may have set for a real stack must not reach the demo's.
    private static readonly string[] OwnSettings = ["JOIN_KEY", "TENANT_ID", "PROVIDER_URL", "KEYCLOAK_URL"];
    private readonly ChildProcess _process;

    private DemoHost(string name, string data, string log, ChildProcess process)
    {
        Name = name;
        Data = data;
        Log = log;
        _process = process;
    }

    public string Name { get; }
    public string Data { get; }
    public string Log { get; }
    public HostReady Ready { get; private set; } = null!;
    public ProcessMark Mark => ProcessMark.Of(_process.Id);

    public static DemoHost Start(DemoFolder folder, string name, string assembly, int port, int validationPort, IReadOnlyDictionary<string, string?> more, bool keep)
    {
        var data = folder.Combine(name);
        var log = Path.Combine(folder.Create("logs"), $"{name}.log");
        var settings = Inherited().ToDictionary(variable => variable, _ => (string?)null, StringComparer.Ordinal);
        settings["IOT_DATA"] = data;
        settings["IOT_LISTEN"] = settings["IOT_PUBLIC_URL"] = $"https://127.0.0.1:{port}";
        settings["IOT_VALIDATION_LISTEN"] = $"http://127.0.0.1:{validationPort}";
        foreach (var (setting, value) in more)
        {
            settings[setting] = value;
        }

        var child = ChildProcess.Start(new ChildCommand { FileName = ProgramPath.Dotnet(), Arguments = [assembly], Environment = settings, LogFile = log, WorkingDirectory = folder.Path, DiesWithUs = !keep });
        return new DemoHost(name, data, log, child);
    }

    /// <summary>Until the host answers; <paramref name="onFirstBoot"/> receives every step of a tenant's first boot.</summary>
    public async Task<HostReady> WaitUntilReadyAsync(TimeProvider time, Action<FirstBootLine> onFirstBoot, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var last = new Queue<string>();
        try
        {
            await foreach (var line in LogFollower.FollowAsync(Log, _process.Exited, time, limit.Token))
            {
                if (HostReady.TryParse(line) is { } ready)
                {
                    return Ready = ready;
                }

                if (FirstBootLine.TryParse(line) is { } step)
                {
                    onFirstBoot(step);
                }

                last.Enqueue(line);
                if (last.Count > 15)
                {
                    last.Dequeue();
                }
            }
            throw CliException.Failed("host_ended", $"{Name} ended with exit code {await _process.Exited} before it was ready: {Reason(last)}\nits log: {Log}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CliException.Failed("host_not_ready", $"{Name} was not ready after {Patience.TotalSeconds:0} s: {Reason(last)}\nits log: {Log}");
        }
    }

    /// <summary>A clean stop answers 0, and nothing of its process group is left.</summary>
    public Task<int> StopAsync() => _process.StopAsync(TimeSpan.FromSeconds(20));

    public void Keep() => _process.Abandon();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    // The host's one-line reason for its end; without that line, its last output.
    private static string Reason(IReadOnlyCollection<string> last) =>
        last.LastOrDefault(line => line.StartsWith("error: ", StringComparison.Ordinal)) ?? string.Join('\n', last.TakeLast(5));

    private static IEnumerable<string> Inherited() => Environment.GetEnvironmentVariables().Keys.Cast<string>()
        .Where(name => name.StartsWith("IOT_", StringComparison.Ordinal) || name.StartsWith("STEP_CA_", StringComparison.Ordinal) || OwnSettings.Contains(name));
}
