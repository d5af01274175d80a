namespace IoTPlatform.Architecture.Tests;

/// <summary>Who may touch which tables.</summary>
public sealed class DataAccessTests
{
    [Fact]
    public void Stacks_TouchTheCertificateAuthoritysSchemaThroughAuthorityAlone()
        => (from project in Repository.Product
            where project.Name is not "CertificateAuthority"
            from file in project.Sources
            where file.Mentions(@"(?<![-""\w])ca\.(?!json\b)[a-z]\w+") // but for the name of step-ca's configuration
            select file.Path)
            .ShouldBeEmpty();

    /// <summary>Applied long ago, and an applied migration does not change: an index, and what an earlier version had left to revoke.</summary>
    [Fact]
    public void MigrationsOfTheStacks_LeaveTheCertificateAuthoritysSchemaAlone()
        => Repository.Files("*.sql")
            .Where(path => path.Contains("-stack/", StringComparison.Ordinal) && Repository.Read(path).Contains(" ca.", StringComparison.Ordinal))
            .Select(path => path[(path.LastIndexOf('/') + 1)..])
            .ShouldBe(["0004_certificates_by_tenant.sql", "0051_certificates_of_removed_tenants.sql"], ignoreOrder: true);
}
