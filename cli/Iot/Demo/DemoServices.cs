using IoTPlatform.Client;

namespace IoTPlatform.Iot;

/// <summary>The foreign servers a demo runs with: none on the embedded default.</summary>
internal sealed class DemoServices(DemoRabbitMq? rabbitMq, DemoKeycloak? keycloak) : IAsyncDisposable
{
    private static readonly Dictionary<string, string?> None = [];

    public DemoRabbitMq? RabbitMq => rabbitMq;

    public DemoKeycloak? Keycloak => keycloak;

    public IReadOnlyDictionary<string, string?> ProviderSettings => (rabbitMq?.ProviderSettings ?? None).Concat(keycloak?.ProviderSettings ?? None).ToDictionary(StringComparer.Ordinal);

    public static async Task<DemoServices> LaunchAsync(DemoFolder folder, DemoShape shape, CancellationToken cancellationToken)
    {
        var rabbitMq = shape.RabbitMq ? DemoRabbitMq.Prepare(folder, shape.Keep) : null;
        return new DemoServices(rabbitMq, shape.Keycloak ? await DemoKeycloak.LaunchAsync(folder, shape.Keep, cancellationToken) : null);
    }

    public IReadOnlyDictionary<string, string?> TenantSettings(string tenant) => keycloak?.TenantSettings(tenant) ?? None;

    /// <summary>What could only start after the provider.</summary>
    public async Task CompleteAsync(DemoProgress progress, ProviderClient admin, TimeProvider time, CancellationToken cancellationToken)
    {
        if (rabbitMq is not null)
        {
            await progress.StepAsync("start RabbitMQ, its certificate from the provider", async () =>
            {
                await rabbitMq.StartAsync(admin.BaseUrl, time, cancellationToken);
                return (true, $"{rabbitMq.ManagementUrl} {rabbitMq.MqttUrl}");
            });
        }
        if (keycloak is not null)
        {
            await progress.StepAsync("start Keycloak, make the provider's realm", async () =>
            {
                await keycloak.InitAsync(admin, time, cancellationToken);
                return (true, $"{keycloak.Url}");
            });
        }
    }

    public async Task StopAsync() => await Task.WhenAll(rabbitMq?.StopAsync() ?? Task.CompletedTask, keycloak?.Process.StopAsync() ?? Task.CompletedTask);

    /// <summary>Leaves them running for good; each comes after what it needs.</summary>
    public IEnumerable<ProcessMark> Keep()
    {
        foreach (var process in Processes)
        {
            process.Keep();
            yield return process.Mark;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (rabbitMq is not null)
        {
            await rabbitMq.DisposeAsync();
        }

        if (keycloak is not null)
        {
            await keycloak.DisposeAsync();
        }
    }

    private IEnumerable<DemoService> Processes => [.. rabbitMq?.Processes ?? [], .. keycloak is null ? Array.Empty<DemoService>() : [keycloak.Process]];
}
