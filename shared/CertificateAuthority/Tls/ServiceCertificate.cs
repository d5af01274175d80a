using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>This host's own HTTPS certificate, from its own authority, renewed in the background after two thirds of its life or when the issuer changes.</summary>
public sealed class ServiceCertificate : IAsyncDisposable
{
    // Long waits are cut up: a timer can't run for months, and a machine may sleep.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    private readonly Authority _authority;
    private readonly ServiceCertificateStore _store;
    private readonly ImportedServiceCertificates _imported;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private volatile ServiceTls _tls = null!;
    private volatile string _issuersPem = "";
    private Task _loop = Task.CompletedTask;

    private ServiceCertificate(Authority authority, DataFolder folder, ILogger log)
    {
        _authority = authority;
        _imported = new ImportedServiceCertificates(authority, log);
        _store = new ServiceCertificateStore(folder);
        _time = authority.Time;
        _log = log;
    }

    public X509Certificate2 Current => _tls.Certificate;

    /// <summary>With its issuers, for a handshake in which this host is the client.</summary>
    public SslStreamCertificateContext Context => _tls.Context;

    /// <param name="name">That the client asked for; null: none.</param>
    /// <param name="cancellationToken">Ends the handshake.</param>
    internal async ValueTask<ServiceTls> TlsForAsync(string? name, CancellationToken cancellationToken) => await _imported.FindAsync(name, cancellationToken) ?? _tls;

    /// <summary>Makes a new one now; connections made from then on get it.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken);
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var names = Names(_authority.Options);
            var issued = await _authority.IssueAsync(
                new IssueRequest
                {
                    Profile = Profiles.Service,
                    Csr = CertificateSigningRequest.Of(key),
                    Names = names,
                    Provisioner = "self",
                    Requester = "system",
                    Tenant = _authority.Options.Tenant,
                },
                cancellationToken);
            _store.Save(key, issued.Pem + issued.IssuersPem);
            Use(_store.TryLoad() ?? throw new InvalidOperationException("The service certificate was written and can't be read."));
            ServiceCertificateLog.Renewed(_log, issued.Serial, issued.NotAfter);
        }
        finally
        {
            _renewing.Release();
        }
    }

    /// <summary>Makes a new one if the one in use is revoked, and shows no revoked one under the names of imported issuers.</summary>
    public async Task ReplaceRevokedAsync(CancellationToken cancellationToken)
    {
        await _imported.ForgetRevokedAsync(cancellationToken);
        if (await IsRevokedAsync(cancellationToken))
        {
            await RenewAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _authority.IssuersChanged -= Wake;
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _wake.Dispose();
        _renewing.Dispose();
        _imported.Dispose();
    }

    /// <summary>The stored certificate where it still serves, else a new one. Throws StartupException when none can be had.</summary>
    internal static async Task<ServiceCertificate> StartAsync(Authority authority, DataFolder folder, ILogger log, CancellationToken cancellationToken)
    {
        var service = new ServiceCertificate(authority, folder, log);
        if (service._store.TryLoad() is { } stored && service.IsUsable(stored.Certificate))
        {
            service.Use(stored);
        }
        else
        {
            try
            {
                await service.RenewAsync(cancellationToken);
            }
            catch (Exception e) when (e is ProblemException { Status: < 500 } or PkiException)
            {
                throw new StartupException($"The HTTPS certificate for {string.Join(", ", authority.Options.Names)} can't be issued: {e.Message} Check IOT_NAMES.");
            }
        }

        authority.IssuersChanged += service.Wake;
        service._loop = Task.Run(() => service.RenewInTimeAsync(service._stop.Token), CancellationToken.None);
        return service;
    }

    private static SubjectNames Names(CertificateAuthorityOptions options)
    {
        var names = SubjectNames.FromSans(options.ServiceName, options.Names);
        return names with { Uris = [.. names.Uris, options.SpiffeIdOf(options.ServiceName)] };
    }

    private async Task RenewInTimeAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var wait = CheckInterval;
            try
            {
                if (IsDue(Current) || await IsRevokedAsync(stop))
                {
                    await RenewAsync(stop);
                }

                await _imported.ForgetRevokedAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                ServiceCertificateLog.RenewalFailed(_log, Current.NotAfterUtc(), e);
                wait = RetryInterval;
            }

            await WaitAsync(wait, stop);
        }
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var signal = _wake.WaitAsync(timer.Token);
        await Task.WhenAny(signal, Task.Delay(wait, _time, timer.Token));
        await timer.CancelAsync();
        await signal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private void Use((X509Certificate2 Certificate, X509Certificate2Collection Issuers) loaded)
    {
        _issuersPem = Pem.Certificates(loaded.Issuers);
        // With the root, which is not sent, the chain is complete: nobody goes and looks for it.
        _tls = new ServiceTls(loaded.Certificate, [.. loaded.Issuers, _authority.Chain.Root]);
    }

    /// <summary>In date, from an accepted issuer, for the names configured now.</summary>
    private bool IsUsable(X509Certificate2 certificate)
    {
        var leaf = LeafIdentity.Of(certificate);
        var now = _time.GetUtcNow();
        return now >= leaf.Parsed.NotBefore && now < leaf.Parsed.NotAfter
            && _authority.Active.IssuerOf(leaf) is not null
            && leaf.Parsed.Names.HasSameNames(Names(_authority.Options));
    }

    private async Task<bool> IsRevokedAsync(CancellationToken cancellationToken) =>
        await _authority.FindAsync(LeafIdentity.Of(Current).Serial, cancellationToken) is { IsRevoked: true };

    private bool IsDue(X509Certificate2 certificate)
    {
        var leaf = LeafIdentity.Of(certificate);
        var lifetime = leaf.Parsed.NotAfter - leaf.Parsed.NotBefore;
        return _time.GetUtcNow() >= leaf.Parsed.NotBefore + (lifetime * 2 / 3) || _authority.Active.IssuerOf(leaf) != _authority.Active.Active
            // A Sub-CA that was signed again for the same key, under another Intermediate CA: devices that know the root's list refuse the former one.
            || _issuersPem != _authority.Active.Sent.IssuersPem;
    }
}
