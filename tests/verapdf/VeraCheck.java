import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Holds PDFs against PDF/UA-1 and PDF/A-2a with veraPDF, all in one process: paths on standard input, one a line; on
 * standard output, for each path in the same order and each standard: path, standard, number of checks, and the rules
 * that fail (clause-test, separated by a space), with tabs between. A file that cannot be read ends the process.
 */
public class VeraCheck {
  private static final List<PDFAFlavour> STANDARDS = List.of(PDFAFlavour.PDFUA_1, PDFAFlavour.PDFA_2_A);
  private static final int AT_ONCE = 2;

  public static void main(String[] arguments) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ExecutorService workers = Executors.newFixedThreadPool(AT_ONCE);
    List<Future<String>> waiting =
        input.lines().map(path -> workers.submit(() -> held(path))).collect(Collectors.toList());
    workers.shutdown();
    for (Future<String> one : waiting) System.out.print(one.get());
  }

  private static String held(String path) throws Exception {
    try (FileInputStream stream = new FileInputStream(path);
        PDFAParser parser = Foundries.defaultInstance().createParser(stream, STANDARDS.get(0));
        PDFAValidator validator = Foundries.defaultInstance().createValidator(STANDARDS)) {
      parser.setFlavours(STANDARDS);
      StringBuilder said = new StringBuilder();
      for (ValidationResult result : validator.validateAll(parser)) said.append(line(path, result));
      return said.toString();
    }
  }

  private static String line(String path, ValidationResult result) {
    TreeSet<String> failed = new TreeSet<>();
    for (TestAssertion check : result.getTestAssertions())
      if (check.getStatus() == TestAssertion.Status.FAILED)
        failed.add(check.getRuleId().getClause() + "-" + check.getRuleId().getTestNumber());
    if (!result.isCompliant() && failed.isEmpty()) failed.add("unnamed");
    String standard = result.getPDFAFlavour().getId();
    return String.join("\t", path, standard, "" + result.getTotalAssertions(), String.join(" ", failed)) + "\n";
  }
}
