using System.CommandLine;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>What 'add' and 'update' say of provisioners of clouds and of Kubernetes, by step's names; a file that ca.json names is read.</summary>
internal static class CloudFlags
{
    private static readonly Option<string?> ClusterKeys = ProvisionerFlags.Text("--pem-keys", "K8sSA: PEM file with the public keys that the cluster's service-account tokens are signed with.", "file");
    private static readonly Option<string[]> AwsAccounts = ProvisionerFlags.Texts("--aws-account", "AWS: account whose instances get certificates; may be repeated. All by default.", "id");
    private static readonly Option<string?> AwsRoots = ProvisionerFlags.Text("--iid-roots", "AWS: PEM file with the certificates of instance identity documents, instead of those that Amazon publishes. step on the instances reads the file of this path.", "file");
    private static readonly Option<string[]> GcpServiceAccounts = ProvisionerFlags.Texts("--gcp-service-account", "GCP: number or e-mail address of a service account whose instances get certificates; may be repeated. All by default.", "account");
    private static readonly Option<string[]> GcpProjects = ProvisionerFlags.Texts("--gcp-project", "GCP: project whose instances get certificates; may be repeated. All by default.", "id");
    private static readonly Option<string?> AzureTenant = ProvisionerFlags.Text("--azure-tenant", "Azure: id of the tenant.", "id");
    private static readonly Option<string[]> AzureGroups = ProvisionerFlags.Texts("--azure-resource-group", "Azure: resource group whose machines get certificates; may be repeated. All by default.", "name");
    private static readonly Option<string[]> AzureSubscriptions = ProvisionerFlags.Texts("--azure-subscription-id", "Azure: subscription whose machines get certificates; may be repeated. All by default.", "id");
    private static readonly Option<string[]> AzureObjects = ProvisionerFlags.Texts("--azure-object-id", "Azure: object id of an identity that gets certificates; may be repeated. All by default.", "id");
    private static readonly Option<string?> AzureAudience = ProvisionerFlags.Text("--azure-audience", "Azure: what tokens are for; https://management.azure.com/ by default.", "audience");
    private static readonly Option<string?> InstanceAge = ProvisionerFlags.Text("--instance-age", "AWS, GCP: oldest age of an instance that gets a certificate, such as 1h.", "duration");
    private static readonly Option<bool?> OwnNamesOnly = Flag("--disable-custom-sans", "AWS, GCP, Azure: only the names that the cloud gave the instance.");
    private static readonly Option<bool?> TrustedAgain = Flag("--disable-trust-on-first-use", "AWS, GCP, Azure: an instance gets more than one certificate, one for each token.");

    public static IReadOnlyList<Symbol> All { get; } =
        [ClusterKeys, AwsAccounts, AwsRoots, GcpServiceAccounts, GcpProjects, AzureTenant, AzureGroups, AzureSubscriptions, AzureObjects, AzureAudience, InstanceAge, OwnNamesOnly, TrustedAgain];

    public static void Apply(Run run, JsonObject definition)
    {
        ProvisionerFlags.Put(definition, "publicKeys", run.Get(ClusterKeys) is { } keys ? Convert.ToBase64String(ProvisionerFlags.Read(keys)) : null);
        ProvisionerFlags.Put(definition, "accounts", run.Get(AwsAccounts));
        if (run.Get(AwsRoots) is { } roots)
        {
            definition["iidRoots"] = roots;
            definition["iidCertificates"] = Convert.ToBase64String(ProvisionerFlags.Read(roots));
        }

        ProvisionerFlags.Put(definition, "serviceAccounts", run.Get(GcpServiceAccounts));
        ProvisionerFlags.Put(definition, "projectIDs", run.Get(GcpProjects));
        ProvisionerFlags.Put(definition, "tenantID", run.Get(AzureTenant));
        ProvisionerFlags.Put(definition, "resourceGroups", run.Get(AzureGroups));
        ProvisionerFlags.Put(definition, "subscriptionIDs", run.Get(AzureSubscriptions));
        ProvisionerFlags.Put(definition, "objectIDs", run.Get(AzureObjects));
        ProvisionerFlags.Put(definition, "audience", run.Get(AzureAudience));
        ProvisionerFlags.Put(definition, "instanceAge", run.Get(InstanceAge));
        ProvisionerFlags.Put(definition, "disableCustomSANs", run.Get(OwnNamesOnly));
        ProvisionerFlags.Put(definition, "disableTrustOnFirstUse", run.Get(TrustedAgain));
    }

    /// <summary>The file that <c>iidRoots</c> names goes along; the path stays, for step on the instances.</summary>
    /// <param name="definition">As ca.json has it.</param>
    /// <param name="folder">That step-ca's relative paths are of.</param>
    public static void Inline(JsonObject definition, string folder)
    {
        if (definition["iidRoots"]?.ToString() is { Length: > 0 } file && definition["iidCertificates"] is null)
        {
            definition["iidCertificates"] = Convert.ToBase64String(ProvisionerFlags.Read(TemplateFlags.Within(folder, file, "iidRoots")));
        }
    }

    private static Option<bool?> Flag(string name, string description) => new(name) { Description = description, HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
}
