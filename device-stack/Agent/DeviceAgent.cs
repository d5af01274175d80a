using System.Security.Cryptography;
using System.Text.Json.Serialization;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Agent;

/// <summary>Gets a device its certificate and keeps it current; one call at a time. Throws <see cref="AgentException"/>, <see cref="ApiException"/>, <see cref="UnreachableException"/>.</summary>
public sealed class DeviceAgent
{
    /// <summary>A renewal that a look at the lists has led to doesn't fetch them once more, each time on a connection of its own.</summary>
    private static readonly TimeSpan ListsAreNew = TimeSpan.FromMinutes(1);

    private readonly DeviceFolder _folder;
    private readonly IEnrollmentTransport _transport;
    private readonly TimeProvider _time;
    private long? _listsFetched;

    public DeviceAgent(DeviceFolder folder, TimeProvider? time = null, AgentTransport transport = AgentTransport.Https)
        : this(folder, time ?? TimeProvider.System, transport == AgentTransport.Mqtt ? new MqttEnrollment() : new HttpsEnrollment())
    {
    }

    internal DeviceAgent(DeviceFolder folder, TimeProvider time, IEnrollmentTransport transport)
    {
        _folder = folder;
        _time = time;
        _transport = transport;
    }

    /// <summary>Swaps the token for an identity. After a lost answer, call it again: it asks with the same key.</summary>
    public async Task<DeviceIdentity> EnrollAsync(Enrollment enrollment, CancellationToken cancellationToken = default)
    {
        var settings = enrollment.Settings;
        if (!DeviceId.IsValid(settings.DeviceId))
        {
            throw new AgentException($"'{settings.DeviceId}' is not a device id: lower-case DNS labels, at most {DeviceId.MaxLength} characters");
        }

        if (settings.TrustDomain is not { } trustDomain || !SpiffeId.TryParse($"spiffe://{trustDomain}", out _, out _))
        {
            throw new AgentException("which tenant? the trust domain that came with the enrolment token is missing or malformed, for example acme.iotplatform.example");
        }

        RefuseToReplace(settings);
        if (_folder.LoadSettings()?.TrustDomain is { } earlier && earlier != trustDomain)
        {
            // Readings and commands are another tenant's.
            _folder.RemoveWork();
        }

        _folder.SaveSettings(settings, enrollment.Root);
        using var key = _folder.LoadOrCreatePendingKey();
        var wireguard = WireGuardFiles.PublicKey(_folder, enrollment);
        var pinned = await WithListsAsync(settings, Pinned(enrollment.Root, trustDomain), cancellationToken);
        var request = new EnrollRequest { Csr = RequestFor(key, settings.DeviceId), DeviceName = settings.DeviceName, DeviceType = settings.DeviceType, WgPublicKey = wireguard };
        try
        {
            var answer = await _transport.EnrollAsync(settings, pinned.ServerAtFirstContact(_time), enrollment.Token, request, cancellationToken);
            var identity = Accept(answer, key, settings, pinned);
            _folder.SaveRevokedSubCas(pinned.RevokedSubCas!);
            return identity;
        }
        catch (ApiException e) when (RevocationCodes.Contains(e.Code))
        {
            // What this key was given is revoked: it can never enrol again, the next attempt needs another one.
            _folder.DropPendingKey();
            throw;
        }
    }

    /// <summary>Renews with the current certificate, under the same key or a new one.</summary>
    public async Task<DeviceIdentity> RenewAsync(bool newKey, CancellationToken cancellationToken = default)
    {
        var (settings, root) = LoadEnrollment();
        using var current = _folder.LoadIdentity() ?? throw NotEnrolled();
        _folder.DropPendingKeyOf(current);
        using var pending = newKey ? _folder.LoadOrCreatePendingKey() : null;
        var pinned = await UpdateListsAsync(settings, Pinned(root, settings, current), current, cancellationToken);
        var request = new RenewRequest { Csr = pending is null ? null : RequestFor(pending, settings.DeviceId) };
        var answer = await _transport.RenewAsync(settings, pinned.Server(_time), current, request, cancellationToken);
        return Accept(answer, pending ?? current.Key, settings, pinned);
    }

    /// <summary>What has become of the CAs above the device's certificate, by the newest list of revoked Sub-CAs that is to be had.</summary>
    internal async Task<IssuerState> LookAtIssuerAsync(CancellationToken cancellationToken)
    {
        var (settings, root) = LoadEnrollment();
        using var current = _folder.LoadIdentity() ?? throw NotEnrolled();
        var pinned = Pinned(root, settings, current);
        var intermediate = ParsedCertificate.Parse(current.Chain.Certificates[^2].RawData);
        RevokedSubCas? newest = null;
        try
        {
            (pinned, newest) = await FetchListsAsync(settings, pinned, current, cancellationToken);
            pinned = Keep(pinned, newest, current);
        }
        catch (Exception e) when (e is ApiException or UnreachableException or AgentException)
        {
            // Among the reasons: its server stands on the revoked Sub-CA itself, and then the list that says so is here already; or the disk is full, and it looks again.
        }

        return pinned.RevokedSubCas is { } list && list.IsSignedBy(intermediate) && list.Contains(ParsedCertificate.Parse(current.Chain.Certificates[0].RawData)) ? IssuerState.Revoked
            : newest is null ? IssuerState.Unknown
            : newest.IsSignedBy(intermediate) ? IssuerState.Good : IssuerState.Replaced;
    }

    /// <summary>Where and as whom the device connects now.</summary>
    internal MqttTarget Target()
    {
        var (settings, root) = LoadEnrollment();
        var identity = _folder.LoadIdentity() ?? throw NotEnrolled();
        var pinned = Pinned(root, settings, identity);
        return new MqttTarget { DeviceId = settings.DeviceId, Server = pinned.Server(_time), Identity = identity, Url = MqttTarget.UrlOf(settings) };
    }

    /// <summary>The same over HTTPS.</summary>
    internal TenantClient Connect()
    {
        var (settings, root) = LoadEnrollment();
        var identity = _folder.LoadIdentity() ?? throw NotEnrolled();
        var pinned = Pinned(root, settings, identity);
        return TenantClient.Create(settings.TenantUrl, pinned.Server(_time), identity.Certificate, [.. identity.Chain.Intermediates]);
    }

    /// <summary>The tenant's time minus this device's; null when the tenant does not answer.</summary>
    internal async Task<TimeSpan?> ClockDifferenceAsync(CancellationToken cancellationToken) =>
        _folder.LoadSettings() is { } settings ? await ServerClock.DifferenceAsync(settings.TenantUrl, _time, cancellationToken) : null;

    // In folders of earlier versions the pin is the trust domain of the certificate that the device has.
    private static string TrustDomainOf(DeviceSettings settings, DeviceIdentity current) =>
        settings.TrustDomain
        ?? SubjectNames.FromCertificate(current.Certificate).Uris.Select(uri => SpiffeId.TryParse(uri, out var domain, out _) ? domain : null).FirstOrDefault(domain => domain is not null)
        ?? throw new AgentException("the device's certificate has no SPIFFE id, so its tenant is not known; enrol anew");

    private PinnedTenant Pinned(RootTrust root, DeviceSettings settings, DeviceIdentity current) =>
        Pinned(root, TrustDomainOf(settings, current)) with { RevokedSubCas = _folder.LoadRevokedSubCas() };

    private PinnedTenant Pinned(RootTrust root, string trustDomain) => new(root, trustDomain) { RevokedIntermediates = _folder.RevokedIntermediates.TryLoad(root.Root) };

    private async Task<PinnedTenant> WithListsAsync(DeviceSettings settings, PinnedTenant tenant, CancellationToken cancellationToken)
    {
        var (pinned, list) = await FetchListsAsync(settings, tenant, current: null, cancellationToken);
        return pinned with { RevokedSubCas = list };
    }

    // A device that has a certificate shows it: of those that a tenant knows it takes more connections.
    private async Task<(PinnedTenant Tenant, RevokedSubCas SubCas)> FetchListsAsync(DeviceSettings settings, PinnedTenant tenant, DeviceIdentity? current, CancellationToken cancellationToken)
    {
        using var client = TenantClient.Create(settings.TenantUrl, tenant.Server(_time), current?.Certificate, current is null ? null : [.. current.Chain.Intermediates]);
        var subCas = await client.GetRevokedSubCasAsync(cancellationToken);
        var pinned = await FetchRootListAsync(client, tenant, cancellationToken);
        _listsFetched = _time.GetTimestamp();
        return (pinned, subCas);
    }

    // Kept at once, whatever becomes of the call it was fetched for. That there is none to be had changes nothing: the last one seen holds.
    private async Task<PinnedTenant> FetchRootListAsync(TenantClient client, PinnedTenant tenant, CancellationToken cancellationToken)
    {
        try
        {
            if (await client.FindRevokedIntermediatesAsync(tenant.Root.Root, cancellationToken) is { } list && list.IsNewerThan(tenant.RevokedIntermediates))
            {
                _folder.KeepRevokedIntermediates(list, tenant.Root);
                return tenant with { RevokedIntermediates = list };
            }
        }
        catch (Exception e) when (e is ApiException or UnreachableException)
        {
        }

        return tenant;
    }

    // A newer list counts from now on. That there is none to be had keeps no device from renewing.
    private async Task<PinnedTenant> UpdateListsAsync(DeviceSettings settings, PinnedTenant tenant, DeviceIdentity current, CancellationToken cancellationToken)
    {
        if (_listsFetched is { } before && _time.GetElapsedTime(before) < ListsAreNew)
        {
            return tenant;
        }

        try
        {
            var (pinned, list) = await FetchListsAsync(settings, tenant, current, cancellationToken);
            return Keep(pinned, list, current);
        }
        catch (Exception e) when (e is ApiException or UnreachableException { Reason: not UnreachableReason.Untrusted })
        {
            return tenant;
        }
    }

    private PinnedTenant Keep(PinnedTenant tenant, RevokedSubCas list, DeviceIdentity current)
    {
        var intermediate = ParsedCertificate.Parse(current.Chain.Certificates[^2].RawData);
        // Each Intermediate CA counts its own lists: a thief of a former one's key must not number the lists of the new one out.
        if (!list.IsSignedBy(intermediate) || (tenant.RevokedSubCas is { } known && known.IsSignedBy(intermediate) && list.Number <= known.Number))
        {
            return tenant;
        }

        _folder.SaveRevokedSubCas(list);
        return tenant with { RevokedSubCas = list };
    }

    internal AgentException NotEnrolled() => new($"no identity in {_folder.Path}; enrol first: iot device enroll --help");

    private (DeviceSettings Settings, RootTrust Root) LoadEnrollment() =>
        _folder.LoadSettings() is { } settings && _folder.LoadRoot() is { } root ? (settings, root) : throw NotEnrolled();

    private void RefuseToReplace(DeviceSettings settings)
    {
        using var identity = _folder.LoadIdentity();
        if (identity is null)
        {
            return;
        }

        if (_folder.LoadSettings() is { } known && known.DeviceId != settings.DeviceId)
        {
            throw new AgentException($"{_folder.Path} belongs to device {known.DeviceId}; use another folder for {settings.DeviceId}");
        }

        if (identity.NotAfter > _time.GetUtcNow())
        {
            throw new AgentException($"{settings.DeviceId} is enrolled until {identity.NotAfter:u}; remove {_folder.IdentityPath} first to enrol anew");
        }
    }

    private DeviceIdentity Accept(EnrollResponse answer, ECDsa key, DeviceSettings settings, PinnedTenant tenant)
    {
        var identity = IdentityCheck.Accept(answer, key, settings.DeviceId, tenant, _time.GetUtcNow());
        _folder.SaveIdentity(identity);
        WireGuardFiles.Save(_folder, answer.Wireguard);
        return identity;
    }

    private static string RequestFor(ECDsa key, string deviceId) =>
        CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = deviceId, Dns = [deviceId] });
}

/// <summary>What the agent talks to its tenant over.</summary>
[JsonConverter(typeof(SnakeCaseEnum<AgentTransport>))]
public enum AgentTransport
{
    Https,
    Mqtt,
}

/// <summary>For the last two a device renews, though it is not due.</summary>
internal enum IssuerState
{
    /// <summary>There was no list to be had, and the one there does not say that it is revoked.</summary>
    Unknown,
    Good,

    /// <summary>The Sub-CA that signed the certificate is revoked.</summary>
    Revoked,

    /// <summary>The list is another Intermediate CA's: it says nothing of a chain that stands on the former one.</summary>
    Replaced,
}
