using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Agent;

/// <summary>Gets a device its certificate and keeps it current. Throws <see cref="AgentException"/>, <see cref="ApiException"/>, <see cref="UnreachableException"/>.</summary>
public sealed class DeviceAgent(DeviceFolder folder, TimeProvider? time = null)
{
    private readonly TimeProvider time = time ?? TimeProvider.System;

    /// <summary>Swaps the token for an identity. After a lost answer, call it again: it asks with the same key.</summary>
    public async Task<DeviceIdentity> EnrollAsync(Enrollment enrollment, CancellationToken cancellationToken = default)
    {
        var settings = enrollment.Settings;
        if (!DeviceId.IsValid(settings.DeviceId))
            throw new AgentException($"'{settings.DeviceId}' is not a device id: lower-case DNS labels, at most {DeviceId.MaxLength} characters");
        RefuseToReplace(settings);
        folder.SaveSettings(settings, enrollment.Root);
        using var key = folder.LoadOrCreatePendingKey();
        var wireguard = WireGuardFiles.PublicKey(folder, enrollment);
        using var tenant = TenantClient.Create(settings.TenantUrl, enrollment.Root);
        var request = new EnrollRequest { Csr = RequestFor(key, settings.DeviceId), DeviceName = settings.DeviceName, DeviceType = settings.DeviceType, WgPublicKey = wireguard };
        try
        {
            var answer = await tenant.EnrollAsync(settings.DeviceId, enrollment.Token, request, cancellationToken).ConfigureAwait(false);
            return Accept(answer, key, settings, enrollment.Root);
        }
        catch (ApiException e) when (RevocationCodes.Contains(e.Code))
        {
            // What this key was given is revoked: it can never enrol again, the next attempt needs another one.
            folder.DropPendingKey();
            throw;
        }
    }

    /// <summary>Renews with the current certificate, under the same key or a new one.</summary>
    public async Task<DeviceIdentity> RenewAsync(bool newKey, CancellationToken cancellationToken = default)
    {
        var (settings, root) = LoadEnrollment();
        using var current = folder.LoadIdentity() ?? throw NotEnrolled();
        folder.DropPendingKeyOf(current);
        using var pending = newKey ? folder.LoadOrCreatePendingKey() : null;
        using var tenant = TenantClient.Create(settings.TenantUrl, root, current.Certificate, [.. current.Chain.Intermediates]);
        var answer = await tenant.RenewAsync(
            settings.DeviceId, new RenewRequest { Csr = pending is null ? null : RequestFor(pending, settings.DeviceId) }, cancellationToken).ConfigureAwait(false);
        return Accept(answer, pending ?? current.Key, settings, root);
    }

    internal AgentException NotEnrolled() => new($"no identity in {folder.Path}; enrol first: iot device enroll --help");

    private (DeviceSettings Settings, RootTrust Root) LoadEnrollment() =>
        folder.LoadSettings() is { } settings && folder.LoadRoot() is { } root ? (settings, root) : throw NotEnrolled();

    private void RefuseToReplace(DeviceSettings settings)
    {
        using var identity = folder.LoadIdentity();
        if (identity is null)
            return;
        if (folder.LoadSettings() is { } known && known.DeviceId != settings.DeviceId)
            throw new AgentException($"{folder.Path} belongs to device {known.DeviceId}; use another folder for {settings.DeviceId}");
        if (identity.NotAfter > time.GetUtcNow())
            throw new AgentException($"{settings.DeviceId} is enrolled until {identity.NotAfter:u}; remove {folder.IdentityPath} first to enrol anew");
    }

    private DeviceIdentity Accept(EnrollResponse answer, ECDsa key, DeviceSettings settings, RootTrust root)
    {
        var identity = IdentityCheck.Accept(answer, key, settings.DeviceId, root, time.GetUtcNow());
        folder.SaveIdentity(identity);
        WireGuardFiles.Save(folder, answer.Wireguard);
        return identity;
    }

    private static string RequestFor(ECDsa key, string deviceId) =>
        CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = deviceId, Dns = [deviceId] });
}
