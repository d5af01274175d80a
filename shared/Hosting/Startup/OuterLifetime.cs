using Microsoft.Extensions.Hosting;

namespace IoTPlatform.Hosting;

/// <summary>Signals are handled outside, around the whole start; the web host must not handle them a second time.</summary>
internal sealed class OuterLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
