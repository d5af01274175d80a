using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>A tenant's own API. Every call throws <see cref="ApiException"/> (refused) or <see cref="UnreachableException"/> (no answer).</summary>
public sealed class TenantClient(HttpClient http, TimeProvider? time = null) : PlatformClient(http, time)
{
    public static TenantClient Create(
        Uri baseUrl, ServerVerifier server, X509Certificate2? client = null, X509Certificate2Collection? clientChain = null, TimeSpan? timeout = null) =>
        new(PlatformHttp.Create(baseUrl, server, client, timeout ?? PlatformHttp.DefaultTimeout, clientChain));

    public Task<CreatedEnrollmentToken> CreateTokenAsync(CreateEnrollmentTokenRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, "portal/devices/tokens", request,
            ContractsJson.Default.CreateEnrollmentTokenRequest, ContractsJson.Default.CreatedEnrollmentToken, cancellationToken);

    public Task<Page<EnrollmentTokenSummary>> ListTokensAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build("portal/devices/tokens", ("cursor", cursor), ("limit", Query.Of(limit))), ContractsJson.Default.PageEnrollmentTokenSummary, cancellationToken);

    public Task RevokeTokenAsync(Guid id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"portal/devices/tokens/{id}", cancellationToken);

    public Task<Page<DeviceSummary>> ListDevicesAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build("portal/devices", ("cursor", cursor), ("limit", Query.Of(limit))), ContractsJson.Default.PageDeviceSummary, cancellationToken);

    /// <summary>A word by which people group devices.</summary>
    public Task TagDeviceAsync(string deviceId, string tag, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Put, $"portal/devices/{Escape(deviceId)}/tags/{Escape(tag)}", cancellationToken);

    public Task UntagDeviceAsync(string deviceId, string tag, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"portal/devices/{Escape(deviceId)}/tags/{Escape(tag)}", cancellationToken);

    public Task<DeviceDetail> GetDeviceAsync(string deviceId, CancellationToken cancellationToken = default) =>
        GetAsync($"portal/devices/{Escape(deviceId)}", ContractsJson.Default.DeviceDetail, cancellationToken);

    /// <summary>What the device sent, newest first: at or after <paramref name="from"/>, before <paramref name="before"/>.</summary>
    public Task<Page<TelemetryRecord>> ListTelemetryAsync(
        string deviceId, DateTimeOffset? from = null, DateTimeOffset? before = null, string? cursor = null, int? limit = null, string? stream = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query.Build($"portal/devices/{Escape(deviceId)}/telemetry", ("stream", stream), ("from", Query.Of(from)), ("before", Query.Of(before)), ("cursor", cursor), ("limit", Query.Of(limit))),
            TelemetryJson.Page, cancellationToken);

    /// <summary>The newest message that the device published about its state.</summary>
    public Task<DeviceStateRecord> GetDeviceStateAsync(string deviceId, CancellationToken cancellationToken = default) =>
        GetAsync($"portal/devices/{Escape(deviceId)}/state", TelemetryJson.State, cancellationToken);

    /// <summary>Stores a command, and has it delivered when the device is there.</summary>
    public Task<DeviceCommandView> SendCommandAsync(string deviceId, SendCommandRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/devices/{Escape(deviceId)}/commands", request, ContractsJson.Default.SendCommandRequest, CommandJson.Command, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<Page<DeviceCommandView>> ListCommandsAsync(string deviceId, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build($"portal/devices/{Escape(deviceId)}/commands", ("cursor", cursor), ("limit", Query.Of(limit))), CommandJson.Page, cancellationToken);

    public Task<DeviceCommandView> GetCommandAsync(string deviceId, long id, CancellationToken cancellationToken = default) =>
        GetAsync($"portal/devices/{Escape(deviceId)}/commands/{id}", CommandJson.Command, cancellationToken);

    public Task CancelCommandAsync(string deviceId, long id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"portal/devices/{Escape(deviceId)}/commands/{id}", cancellationToken);

    /// <summary>How telemetry goes up to the provider.</summary>
    public Task<UplinkStatus> GetUplinkAsync(CancellationToken cancellationToken = default) => GetAsync("portal/uplink", ContractsJson.Default.UplinkStatus, cancellationToken);

    /// <summary>Has telemetry that was received from then on sent to the provider again.</summary>
    public Task ResendAsync(DateTimeOffset from, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/uplink/resend", new ResendRequest { From = from }, ContractsJson.Default.ResendRequest, cancellationToken);

    /// <summary>One message as it is. Needs a client made with the device's current certificate.</summary>
    public Task PublishTelemetryAsync(string deviceId, JsonElement payload, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"devices/{Escape(deviceId)}/telemetry", payload, TelemetryJson.Payload, cancellationToken);

    /// <summary>Revokes the device: every certificate it has, its WireGuard peer, and renewal.</summary>
    public Task RevokeDeviceAsync(string deviceId, RevokeRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/devices/{Escape(deviceId)}/revoke", request, ContractsJson.Default.RevokeRequest, cancellationToken);

    /// <summary>Shuts the device out until it is released.</summary>
    public Task HoldDeviceAsync(string deviceId, HoldRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/devices/{Escape(deviceId)}/hold", request, ContractsJson.Default.HoldRequest, cancellationToken);

    public Task ReleaseDeviceAsync(string deviceId, HoldRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"portal/devices/{Escape(deviceId)}/release", request, ContractsJson.Default.HoldRequest, cancellationToken);

    /// <summary>The tenant makes a new Sub-CA key, has it signed by the provider and issues with it from now on.</summary>
    public Task<RotatedSubCa> RotateSubCaAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "portal/sub-ca/rotate", ContractsJson.Default.RotatedSubCa, cancellationToken);

    /// <param name="deviceId">The device's id; the tenant writes it into the certificate.</param>
    /// <param name="enrollmentToken">Null when the client certificate is a manufacturer's.</param>
    /// <param name="request">CSR and description.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<EnrollResponse> EnrollAsync(string deviceId, string? enrollmentToken, EnrollRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, $"devices/{Escape(deviceId)}/enroll", request,
            ContractsJson.Default.EnrollRequest, ContractsJson.Default.EnrollResponse, cancellationToken, bearer: enrollmentToken);

    /// <summary>Needs a client made with the device's current certificate.</summary>
    public Task<EnrollResponse> RenewAsync(string deviceId, RenewRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, $"devices/{Escape(deviceId)}/renew", request,
            ContractsJson.Default.RenewRequest, ContractsJson.Default.EnrollResponse, cancellationToken);
}
