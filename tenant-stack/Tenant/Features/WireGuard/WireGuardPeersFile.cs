using System.Globalization;
using System.Net;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.FirstBoot;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>
/// The server's side: <c>wireguard/wg0.conf</c> (0600), always the whole truth of the database, so that
/// <c>wg syncconf wg0 &lt;(wg-quick strip wg0.conf)</c> adds and throws out peers.
/// </summary>
internal sealed class WireGuardPeersFile(
    IDbContextFactory<TenantDbContext> databases, TenantOptions options, WireGuardServerKey server, DataFolder folder) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SemaphoreSlim _changed = new(0, 1);

    public string FilePath => folder.Combine("wireguard", "wg0.conf");

    /// <summary>Peers changed and were committed: the file is to be written again soon.</summary>
    public void Changed()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // A rewrite is due already and will see this change.
        }
    }

    public Task WaitForChangeAsync(CancellationToken cancellationToken) => _changed.WaitAsync(cancellationToken);

    /// <summary>True when the file had to be written.</summary>
    public async Task<bool> SyncAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var content = await ContentAsync(cancellationToken);
            if (JoinFiles.ReadText(FilePath) == content)
            {
                return false;
            }

            JoinFiles.Write(FilePath, content, AtomicFile.Secret);
            return true;
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose()
    {
        _writing.Dispose();
        _changed.Dispose();
    }

    private async Task<string> ContentAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var peers = await db.WireGuardPeers.AsNoTracking().Where(p => p.DeviceId != null && !db.Devices.Any(d => d.DeviceId == p.DeviceId && d.Status == DeviceState.Held)).OrderBy(p => p.Address)
            .Select(p => new { p.Address, p.PublicKey, p.DeviceId }).ToListAsync(cancellationToken);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            [Interface]
            Address = {ServerAddress()}/{options.WireGuardSubnet.PrefixLength}
            ListenPort = {options.WireGuardEndpoint.AsSpan(options.WireGuardEndpoint.LastIndexOf(':') + 1)}
            PrivateKey = {Convert.ToBase64String(server.Read())}

            """);
        foreach (var peer in peers)
        {
            text.Append(CultureInfo.InvariantCulture, $"""

                # {peer.DeviceId}
                [Peer]
                PublicKey = {peer.PublicKey}
                AllowedIPs = {peer.Address}/32

                """);
        }

        return text.Replace("\r\n", "\n").ToString();
    }

    private IPAddress ServerAddress()
    {
        var address = options.WireGuardSubnet.BaseAddress.GetAddressBytes();
        address[3]++;
        return new IPAddress(address);
    }
}

/// <summary>Writes <c>wg0.conf</c> at start and after every change.</summary>
internal sealed partial class WireGuardPeersService(WireGuardPeersFile file, TimeProvider time, ILogger<WireGuardPeersService> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await file.SyncAsync(stoppingToken))
                {
                    Written(file.FilePath);
                }

                await file.WaitForChangeAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                NotWritten(e, file.FilePath);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "WireGuard peers written to {File}")]
    private partial void Written(string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "WireGuard peers could not be written to {File}; trying again")]
    private partial void NotWritten(Exception e, string file);
}

internal static class WireGuardServices
{
    /// <summary>Addresses, client configuration and the server's peers file.</summary>
    public static IServiceCollection AddWireGuard(this IServiceCollection services) => services
        .AddSingleton<WireGuardAddresses>()
        .AddSingleton<WireGuardClient>()
        .AddSingleton<WireGuardPeersFile>()
        .AddHostedService<WireGuardPeersService>();
}
