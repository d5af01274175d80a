using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using Npgsql;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>
/// The one parameter that says which vHost a certificate ends up in. RabbitMQ replaces it as a whole, so it is read, changed and
/// written under a lock that all provider processes share.
/// </summary>
internal sealed class VhostMapping(RabbitMqApi api, NpgsqlDataSource database) : IDisposable
{
    /// <summary>"iot-vhos" in ASCII.</summary>
    private const long Lock = 0x696f742d76686f73;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    /// <summary>In this process first, so that waiting joins hold no database connections.</summary>
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>The entry of this login, and nothing else that leads into the vHost. A login of null: nothing leads there.</summary>
    public async Task SetAsync(string vhost, string? login, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            // Of the other provider processes; one that dies lets go of it.
            await using var held = await AdvisoryLock.TryAcquireAsync(database, Lock, Wait, cancellationToken)
                ?? throw new DependencyDownException("broker", "Another process is changing the broker's parameters.");
            var mapping = await api.ReadMappingAsync(cancellationToken);
            if (Change(mapping, vhost, login))
            {
                await api.WriteMappingAsync(mapping, cancellationToken);
            }

        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private static bool Change(Dictionary<string, string> mapping, string vhost, string? login)
    {
        var changed = false;
        foreach (var other in mapping.Where(entry => entry.Value == vhost && entry.Key != login).Select(entry => entry.Key).ToList())
        {
            changed |= mapping.Remove(other);
        }

        if (login is null || (mapping.TryGetValue(login, out var now) && now == vhost))
        {
            return changed;
        }

        mapping[login] = vhost;
        return true;
    }
}
