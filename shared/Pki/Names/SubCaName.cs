namespace IoTPlatform.Pki;

/// <summary>The CN of a tenant's Sub-CA.</summary>
public static class SubCaName
{
    /// <summary><c>{tenant} Sub-CA</c>; a tenant id over 57 characters is cut to 24, a dot and 128 bits of its SHA-256.</summary>
    public static string For(string tenant) => TenantCommonName.For(tenant, " Sub-CA");
}
