namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>The JDK's PKIX with revocation on, over the files of <see cref="RelyingParties"/>: a line for each way and certificate.</summary>
internal static class JavaRelyingParty
{
    public const string Program = """
        import java.io.FileInputStream;
        import java.security.cert.*;
        import java.security.cert.PKIXRevocationChecker.Option;
        import java.util.*;

        class Check {
            static CertificateFactory factory;
            static String folder;

            static X509Certificate load(String name) throws Exception {
                try (var in = new FileInputStream(folder + "/" + name + ".pem")) { return (X509Certificate) factory.generateCertificate(in); }
            }

            static CRL list(String name) throws Exception {
                try (var in = new FileInputStream(folder + "/" + name + ".crl")) { return factory.generateCRL(in); }
            }

            static String check(String how, String name) throws Exception {
                var validator = CertPathValidator.getInstance("PKIX");
                var revocation = (PKIXRevocationChecker) validator.getRevocationChecker();
                var parameters = new PKIXParameters(Set.of(new TrustAnchor(load("root"), null)));
                // What the root says of the intermediate is in a list alone.
                revocation.setOptions(switch (how) {
                    case "ocsp" -> EnumSet.of(Option.ONLY_END_ENTITY, Option.NO_FALLBACK);
                    case "shard" -> EnumSet.of(Option.ONLY_END_ENTITY, Option.PREFER_CRLS, Option.NO_FALLBACK);
                    default -> EnumSet.of(Option.PREFER_CRLS, Option.NO_FALLBACK);
                });
                if (how.equals("complete")) {
                    parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(List.of(list("root"), list("intermediate"), list("sub-ca")))));
                }
                parameters.addCertPathChecker(revocation);
                try {
                    validator.validate(factory.generateCertPath(List.of(load(name), load("sub-ca"), load("intermediate"))), parameters);
                    return "ACCEPTED";
                } catch (CertPathValidatorException e) {
                    return e.getReason() + (e.getCause() instanceof CertificateRevokedException r ? " " + r.getRevocationReason() : "");
                }
            }

            public static void main(String[] args) throws Exception {
                factory = CertificateFactory.getInstance("X.509");
                folder = args[0];
                for (var how : List.of("ocsp", "shard", "complete")) {
                    for (var name : Arrays.asList(args).subList(1, args.length)) {
                        System.out.println(how + " " + name + " " + check(how, name));
                    }
                }
            }
        }
        """;
}
