using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.CertificateAuthority.Provisioners;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace IoTPlatform.CertificateAuthority.Acme;

public static class AcmeEndpoints
{
    /// <summary>An ACME server of each ACME provisioner, at <c>/acme/{provisioner}/</c> and <c>/2.0/acme/{provisioner}/</c>. All of it is anonymous for the router: requests are signed.</summary>
    public static void MapAcme(this IEndpointRouteBuilder app)
    {
        var services = app.ServiceProvider;
        var edge = services.GetRequiredService<AcmeEdge>();
        var accounts = services.GetRequiredService<AcmeAccountHandlers>();
        var orders = services.GetRequiredService<AcmeOrderHandlers>();
        var authorizations = services.GetRequiredService<AcmeAuthorizationHandlers>();
        var revoking = services.GetRequiredService<AcmeRevoking>();
        var renewalInfo = services.GetRequiredService<AcmeRenewalInfo>();
        foreach (var prefix in (ReadOnlySpan<string>)["/acme/", "/2.0/acme/"])
        {
            // Described by RFC 8555.
            var api = app.MapGroup(prefix + "{provisioner}").AllowAnonymous().ExcludeFromDescription();
            Map("GET", "directory", DirectoryAsync);
            Map("HEAD", "new-nonce", Nonce(StatusCodes.Status200OK));
            Map("GET", "new-nonce", Nonce(StatusCodes.Status204NoContent));
            Map("POST", "new-account", accounts.NewAsync);
            Map("POST", "account/{id}", accounts.UpdateAsync);
            Map("POST", "account/{id}/orders", accounts.OrdersAsync);
            Map("POST", "key-change", accounts.ChangeKeyAsync);
            Map("POST", "new-order", orders.NewAsync);
            Map("POST", "order/{id}", orders.ReadAsync);
            Map("POST", "order/{id}/finalize", orders.FinalizeAsync);
            Map("POST", "certificate/{id}", orders.CertificateAsync);
            Map("POST", "authz/{id}", authorizations.ReadAsync);
            Map("POST", "challenge/{id}/{challenge}", authorizations.ChallengeAsync);
            Map("POST", "revoke-cert", revoking.RevokeAsync);
            Map("GET", "renewal-info/{id}", renewalInfo.ReadAsync);

            void Map(string method, string pattern, Func<HttpContext, Task> handler) => api.MapMethods(pattern, [method], edge.Wrap(handler)).DisableAntiforgery();
        }
    }

    /// <summary>What all ACME provisioners stand on. Without one, nothing answers and nothing connects anywhere.</summary>
    internal static IServiceCollection AddAcme(this IServiceCollection services, CertificateAuthorityOptions options)
    {
        if (options.Acme.Name is { } name)
        {
            services.AddSingleton<IProvisioner>(AcmeProvisioner.OfHost(name, options));
        }

        return services
            .AddSingleton(options.Acme)
            .AddSingleton<AcmeNonces>()
            .AddSingleton<AcmeAccounts>()
            .AddSingleton<AcmeAdmission>()
            .AddSingleton<ExternalAccountCipher>()
            .AddSingleton<ExternalAccountKeys>()
            .AddSingleton<AccountPolicies>()
            .AddSingleton<ExternalAccountBinding>()
            .AddSingleton<AcmeOrders>()
            .AddSingleton<AcmeDns>()
            .AddSingleton<CaaCheck>()
            .AddSingleton<ChallengeTargets>()
            .AddSingleton<IChallengeKind, DnsChallenge>()
            .AddSingleton<IChallengeKind, HttpChallenge>()
            .AddSingleton<IChallengeKind, TlsAlpnChallenge>()
            .AddSingleton<IChallengeKind, DeviceAttestChallenge>()
            .AddSingleton<IChallengeKind, WireOidcChallenge>()
            .AddSingleton<IChallengeKind, WireDpopChallenge>()
            .AddSingleton<ChallengeQueue>()
            .AddSingleton<ChallengeWorker>()
            .AddSingleton<IHostedService>(provider => provider.GetRequiredService<ChallengeWorker>())
            .AddSingleton<AcmeRequests>()
            .AddSingleton<AcmeEdge>()
            .AddSingleton<AcmeAccountHandlers>()
            .AddSingleton<AcmeOrderHandlers>()
            .AddSingleton<AcmeAuthorizationHandlers>()
            .AddSingleton<AcmeRevoking>()
            .AddSingleton<AcmeRenewalInfo>();
    }

    private static Task DirectoryAsync(HttpContext context)
    {
        var provisioner = context.Features.GetRequiredFeature<AcmeProvisioner>();
        var links = AcmeLinks.Of(context, provisioner.Name);
        var meta = new DirectoryMeta
        {
            TermsOfService = provisioner.TermsOfService,
            Website = provisioner.Website,
            CaaIdentities = provisioner.CaaIdentities.Count > 0 ? provisioner.CaaIdentities : null,
            ExternalAccountRequired = provisioner.RequiresExternalAccount ? true : null,
            Profiles = provisioner.Profiles.Descriptions,
        };
        return AcmeEdge.WriteAsync(
            context.Response, StatusCodes.Status200OK,
            new DirectoryAnswer(links.NewNonce, links.NewAccount, links.NewOrder, links.RevokeCert, links.KeyChange, links.RenewalInfo) { Meta = meta == new DirectoryMeta() ? null : meta },
            AcmeJson.Default.DirectoryAnswer);
    }

    private static Func<HttpContext, Task> Nonce(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };
}
