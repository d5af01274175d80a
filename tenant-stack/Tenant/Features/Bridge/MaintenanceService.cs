namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>Something that is looked after at intervals, and does nothing while all is well.</summary>
internal interface IMaintenanceTask
{
    string Name { get; }

    /// <summary>True when there was something to do and it is done. Throws what it likes; the next interval tries again.</summary>
    Task<bool> RunAsync(CancellationToken cancellationToken);
}

/// <summary>Runs every maintenance task at start and then every five minutes; one that fails does not stop the others.</summary>
internal sealed partial class MaintenanceService(IEnumerable<IMaintenanceTask> tasks, TimeProvider time, ILogger<MaintenanceService> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private readonly IMaintenanceTask[] _tasks = [.. tasks];

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var task in _tasks)
        {
            try
            {
                if (await task.RunAsync(cancellationToken))
                {
                    Done(task.Name);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                Failed(e, task.Name, Interval);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await RunOnceAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Upkeep: {Task} done")]
    private partial void Done(string task);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upkeep: {Task} failed; next attempt in {Interval}")]
    private partial void Failed(Exception e, string task, TimeSpan interval);
}
