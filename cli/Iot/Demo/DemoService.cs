using IoTPlatform.LocalServices;

namespace IoTPlatform.Iot;

/// <summary>A foreign server of the demo: a process with a log of its own.</summary>
internal sealed class DemoService : IAsyncDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private readonly string _name;
    private readonly string _log;
    private readonly ChildProcess _process;

    private DemoService(string name, string log, ChildProcess process)
    {
        _name = name;
        _log = log;
        _process = process;
    }

    public ProcessMark Mark => ProcessMark.Of(_process.Id);

    public static DemoService Start(DemoFolder folder, string name, ServiceCommand command, bool keep)
    {
        var log = Path.Combine(folder.Create("logs"), $"{name}.log");
        var child = ChildProcess.Start(new ChildCommand { FileName = command.FileName, Arguments = command.Arguments, Environment = command.Environment, LogFile = log, WorkingDirectory = folder.Path, DiesWithUs = !keep });
        return new DemoService(name, log, child);
    }

    public async Task WaitUntilAsync(Func<CancellationToken, Task<bool>> answers, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            while (!await answers(limit.Token))
            {
                if (_process.Exited.IsCompleted)
                {
                    throw CliException.Failed("service_ended", $"{_name} ended with exit code {await _process.Exited} before it answered\nits log: {_log}");
                }

                await Task.Delay(PollInterval, time, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CliException.Failed("service_not_ready", $"{_name} did not answer after {patience.TotalSeconds:0} s\nits log: {_log}");
        }
    }

    public Task<int> StopAsync() => _process.StopAsync(TimeSpan.FromSeconds(20));

    public void Keep() => _process.Abandon();

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
