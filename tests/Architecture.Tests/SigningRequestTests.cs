namespace IoTPlatform.Architecture.Tests;

/// <summary>A signing request is read, and its signature verified, once: where it comes in. From there the verified request is passed on.</summary>
public sealed class SigningRequestTests
{
    /// <summary>ACME's and step-ca's endpoints, a tenant's requests to the provider, a device's to the tenant.</summary>
    private static readonly string[] Edges = ["AcmeOrderHandlers.cs", "DeviceCsr.cs", "StepCaIssuing.cs", "TenantRequests.cs"];

    [Fact]
    public void Requests_AreReadWhereTheyComeIn()
        => FilesThat(@"\bCertificateSigningRequest\.Parse(Pem|Der)\(").ShouldBe(Edges);

    /// <summary>JOIN's steps run in any process, at any time after the request: they take it from its row, and so does who decides about it.</summary>
    [Fact]
    public void StoredRequests_AreJoins()
        => FilesThat(@"\bCertificateSigningRequest\.FromStore\(").ShouldBe(["CertificateOrders.cs", "JoinRequestView.cs"]);

    private static IEnumerable<string> FilesThat(string pattern)
        => Repository.Product.SelectMany(project => project.Sources).Where(file => file.Mentions(pattern)).Select(file => file.Name).Order(StringComparer.Ordinal);
}
