using IoTPlatform.CertificateAuthority.Tests.Acme;
using IoTPlatform.CertificateAuthority.Upstream;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests.Upstream;

/// <summary>A registration authority in front of a real step-ca.</summary>
public sealed class RegistrationHost : IAsyncLifetime
{
    internal StepCaPeer Peer { get; private set; } = null!;

    internal AcmeHost Acme { get; private set; } = null!;

    public CaHost Ca => Acme.Ca;

    public async Task InitializeAsync()
    {
        Peer = await StepCaPeer.StartAsync();
        Acme = new AcmeHost { Upstream = Peer.Options };
        await Acme.InitializeAsync();
    }

    /// <summary>A round of what is done in the background. The host has its own at every step of its clock: what that one has taken is waited for, too.</summary>
    public async Task UpkeepAsync(bool isAway = false)
    {
        await Acme.Service<IEnumerable<IHostedService>>().OfType<UpstreamUpkeep>().Single().RunAsync(default);
        for (var i = 0; i < 300 && !isAway && await CountAsync("SELECT count(*) FROM ca.upstream_revocations WHERE root <> 'another'") > 0; i++)
        {
            await Task.Delay(100);
        }
    }

    /// <summary>The host's clock follows step-ca's, which takes no token from before its start.</summary>
    public void CatchUp()
    {
        var behind = TimeProvider.System.GetUtcNow() - Acme.Time.GetUtcNow() + TimeSpan.FromSeconds(1);
        if (behind > TimeSpan.Zero)
        {
            Acme.Time.Advance(behind);
        }
    }

    public async Task<long> CountAsync(string sql) => (long)(await ScalarAsync(sql))!;

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Ca.Database.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Ca.Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync()
    {
        if (Acme is not null)
        {
            await Acme.DisposeAsync();
        }

        if (Peer is not null)
        {
            await Peer.DisposeAsync();
        }
    }
}
