using System.Globalization;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Mqtt;
using Microsoft.Extensions.Options;
using Ids = IoTPlatform.Contracts;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>What a tenant's options have to keep to, each by itself, together, and on this machine.</summary>
internal sealed class TenantOptionsValidator : IValidateOptions<TenantOptions>
{
    public ValidateOptionsResult Validate(string? name, TenantOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        Require(options.TenantId is null || Ids.TenantId.IsValid(options.TenantId), $"{TenantSettings.TenantId} does not match {Ids.TenantId.Pattern}");
        Require(
            options.KeycloakAdminPassword is null || options.KeycloakUrl is { } url && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback),
            $"{TenantSettings.KeycloakAdminPassword} needs {TenantSettings.KeycloakUrl} to be an https URL (http on loopback only)");
        Require(
            options.Oidc?.Issuer is not { } issuer || issuer != options.Issuer.Tokens.Issuer,
            $"{OidcSettings.Issuer}: '{options.Oidc?.Issuer}' is this host's own address, where its own issuer is: the other identity provider needs a name or a port of its own");
        Require(options.DeviceLifetime >= TimeSpan.FromMinutes(5) && options.DeviceLifetime <= TimeSpan.FromDays(365), $"{TenantSettings.DeviceLifetime} must lie between 5m and 365d");
        Require(options.DeviceRenewalGrace >= TimeSpan.Zero && options.DeviceRenewalGrace <= TimeSpan.FromDays(90), $"{TenantSettings.DeviceRenewalGrace} must be at most 90d");
        Require(options.ManufacturerCaFile is not { } file || File.Exists(file), $"{TenantSettings.ManufacturerCa}: there is no file '{options.ManufacturerCaFile}'");
        Require(IsEndpoint(options.WireGuardEndpoint), $"{TenantSettings.WireGuardEndpoint}: '{options.WireGuardEndpoint}' is not host:port");
        Require(
            options.Broker?.TlsFolder is not { } folder || Directory.Exists(folder),
            $"{BrokerSettings.TlsFolder}: there is no folder '{options.Broker?.TlsFolder}'; make it, writable for the tenant and readable for RabbitMQ");
        return errors.Build();

        void Require(bool holds, string error)
        {
            if (!holds)
            {
                errors.AddError(error);
            }
        }
    }

    private static bool IsEndpoint(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && ServerName.IsValid(text[..colon].StartsWith('[') ? text[..colon].Trim('[', ']') : text[..colon])
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;
    }
}
