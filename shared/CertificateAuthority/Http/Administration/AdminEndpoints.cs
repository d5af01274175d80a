using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>step-ca's administration API at <c>/admin</c>, as <c>step ca provisioner</c>, <c>step ca admin</c>, <c>step ca policy</c> and <c>step ca acme eab</c> call it.</summary>
internal static class AdminEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var edge = ActivatorUtilities.CreateInstance<AdminEdge>(app.ServiceProvider, ActivatorUtilities.CreateInstance<AdminTokens>(app.ServiceProvider));
        var provisioners = ActivatorUtilities.CreateInstance<AdminProvisioners>(app.ServiceProvider);
        var admins = ActivatorUtilities.CreateInstance<AdminAdministrators>(app.ServiceProvider);
        var policies = ActivatorUtilities.CreateInstance<AdminPolicies>(app.ServiceProvider);
        var webhooks = ActivatorUtilities.CreateInstance<AdminWebhooks>(app.ServiceProvider);
        var keys = ActivatorUtilities.CreateInstance<AdminExternalAccounts>(app.ServiceProvider);
        var accounts = ActivatorUtilities.CreateInstance<AdminAccountPolicies>(app.ServiceProvider, keys);

        // Anonymous for the router: the edge reads the admin token, whose form is step-ca's. Described by step-ca.
        var api = app.MapGroup("/admin").AllowAnonymous().ExcludeFromDescription();
        Map("provisioners", ("GET", provisioners.ListAsync), ("POST", provisioners.AddAsync));
        Map("provisioners/{name}", ("GET", provisioners.ShowAsync), ("PUT", provisioners.ChangeAsync), ("DELETE", provisioners.RemoveAsync));
        Map("provisioners/{name}/policy", ("GET", policies.ShowOfProvisionerAsync), ("POST", policies.AddToProvisionerAsync), ("PUT", policies.ChangeOfProvisionerAsync), ("DELETE", policies.RemoveFromProvisionerAsync));
        Map("provisioners/{name}/webhooks", ("POST", webhooks.AddAsync));
        Map("provisioners/{name}/webhooks/{webhook}", ("PUT", webhooks.ChangeAsync), ("DELETE", webhooks.RemoveAsync));
        Map("admins", ("GET", admins.ListAsync), ("POST", admins.AddAsync));
        Map("admins/{id}", ("GET", admins.ShowAsync), ("PATCH", admins.ChangeAsync), ("DELETE", admins.RemoveAsync));
        Map("policy", ("GET", policies.ShowAsync), ("POST", policies.AddAsync), ("PUT", policies.ChangeAsync), ("DELETE", policies.RemoveAsync));
        Map("acme/eab/{name}", ("GET", keys.ListAsync), ("POST", keys.AddAsync));
        Map("acme/eab/{name}/{id}", ("GET", keys.ListAsync), ("DELETE", keys.RemoveAsync));
        foreach (var key in (ReadOnlySpan<string>)["key/{key}", "reference/{reference}"])
        {
            Map($"acme/policy/{{name}}/{key}", ("GET", accounts.ShowAsync), ("POST", accounts.AddAsync), ("PUT", accounts.ChangeAsync), ("DELETE", accounts.RemoveAsync));
        }

        void Map(string pattern, params ReadOnlySpan<(string Method, Func<HttpContext, AdminCaller, Task> Handler)> handlers)
        {
            foreach (var (method, handler) in handlers)
            {
                api.MapMethods(pattern, [method], edge.Wrap(handler)).DisableAntiforgery();
            }

            api.Map(pattern, StepCaEdge.MethodNotAllowed);
        }
    }
}
