using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using Npgsql;

namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>The tunnel's subnet cannot change while devices have addresses in another one: the server would no longer route to them.</summary>
internal static class WireGuardSubnetGuard
{
    /// <summary>Throws <see cref="StartupException"/>. The migrations must have been applied.</summary>
    public static async Task RequireAsync(NpgsqlDataSource database, IPNetwork subnet, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT subnet::text FROM tenant.wireguard_peers WHERE device_id IS NOT NULL AND subnet <> $1::cidr LIMIT 1");
        command.Parameters.AddWithValue(subnet.ToString());
        if (await command.ExecuteScalarAsync(cancellationToken) is string taken)
            throw new StartupException($"{TenantSettings.WireGuardSubnet} is {subnet}, but devices have addresses in {taken} and would be cut off. Set it back to {taken}.");
    }
}
