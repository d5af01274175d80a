using Microsoft.Extensions.Hosting;

namespace IoTPlatform.Hosting;

/// <summary>Starting a host that may fail half-way.</summary>
public static class HostStart
{
    /// <summary>Starts all services, or stops those that had started and throws: none may run while its dependencies are being disposed.</summary>
    public static async Task StartOrStopAsync(this IHost host, CancellationToken cancellationToken)
    {
        try
        {
            await host.StartAsync(cancellationToken);
        }
        catch
        {
            await host.StopAsync(CancellationToken.None);
            throw;
        }
    }
}

/// <summary>Signals are handled outside, around the whole start; the web host must not handle them a second time.</summary>
internal sealed class OuterLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
